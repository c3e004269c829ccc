"""Values as people type them into a field, and back.

What cannot be read stays text, so that whoever judges it can say what was wanted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

WORDS = ("string", "enum", "image")
"""Types whose values are typed as they are; all others are typed as JSON."""


def read_json(text: str) -> Any:
    """None of an empty field."""
    if not text.strip():
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def write_json(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) and value else None)


def read_value(kind: str, text: str) -> Any:
    """Of a variable's type. Two quotes alone are the empty text, since an empty field says nothing."""
    if kind not in WORDS:
        return read_json(text)
    return _unquoted(text) if text else None


def write_value(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind not in WORDS or not isinstance(value, str):
        return write_json(value)
    return value if value and _unquoted(value) == value else json.dumps(value, ensure_ascii=False)


def read_lines(text: str) -> Any:
    """One on each line, or all as a list in JSON; None of an empty field."""
    if not text.strip():
        return None
    if text.lstrip().startswith("["):
        return read_json(text)
    return [line for line in text.split("\n") if line.strip()]


def write_lines(values: Sequence[str] | None) -> str:
    plain = "\n".join(values or ())
    return plain if read_lines(plain) == (list(values) if values else None) else write_json(list(values or ()))


def _unquoted(text: str) -> str:
    """Quotes are taken off an empty text, and off one that would otherwise be read as one in quotes."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    value = read_json(text)
    inner = isinstance(value, str) and (not value or (value.startswith('"') and value.endswith('"')))
    return str(value) if inner and value != text else text
