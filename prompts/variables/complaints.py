"""What is said of a value that does not fit: its path, what it is, shortened, and what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jsonschema_rs import ValidationError

from llm.dialects.fields import said
from llm.errors import InvalidField

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LONGEST_STEP = 64
LONGEST_WANTED = 200

TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
WANTED = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
    "multipleOf": "a multiple of {}",
    "pattern": "text that matches {}",
    "constant": "{}",
}
TOO_LONG = ("maxLength", "maxItems", "maxProperties")


def invalid(path: str, got: str, wanted: str, code: str = "variable_invalid") -> InvalidField:
    return InvalidField(f"{path}: got {got}, wanted {shortened(wanted)}.", param=path, code=code)


def complaint(path: str, error: ValidationError, value: object) -> InvalidField:
    """`path` is where `value`, which was judged as a whole, stands."""
    place = path + "".join(map(step, error.instance_path))
    kind = error.kind
    if kind.name == "required":
        return _missing(f"{place}{step(str(kind.value))}")
    if kind.name == "additionalProperties":
        stranger = f"{place}{step(str(kind.value[0]))}"
        return InvalidField(f"{stranger}: there is no such field.", param=stranger, code="variable_unknown")
    code = "variable_too_long" if kind.name in TOO_LONG else "variable_invalid"
    return invalid(place, _got(kind.name, _below(value, error.instance_path)), _wanted(kind.name, kind.value), code)


def step(key: str | int) -> str:
    """One step of a path, as a caller writes it."""
    if isinstance(key, int):
        return f"[{key}]"
    short = shortened(key, LONGEST_STEP)
    return f".{short}" if PLAIN_NAME.fullmatch(short) else f'["{short}"]'


def shortened(text: str, most: int = LONGEST_WANTED) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _missing(path: str) -> InvalidField:
    return InvalidField(f"{path}: it is missing.", param=path, code="variable_missing")


def _below(value: object, path: Iterable[str | int]) -> object:
    for key in path:
        value = value[key]  # type: ignore[index]  # the validator has just gone this way
    return value


def _got(keyword: str, value: object) -> str:
    if isinstance(value, str) and keyword in ("minLength", "maxLength"):
        return f"{len(value)} characters"
    if isinstance(value, list | dict) and keyword in ("minItems", "maxItems", "minProperties", "maxProperties"):
        return str(len(value))
    return said(value)


def _wanted(keyword: str, value: object) -> str:
    if keyword == "type" and isinstance(value, list):
        return " or ".join(TYPES[kind] for kind in value)
    if keyword == "enum" and isinstance(value, list):
        return "one of " + ", ".join(
            shortened(each if isinstance(each, str) else said(each), 40) for each in value[:10]
        )
    if keyword == "uniqueItems":
        return "each item once"
    if keyword in WANTED:
        return WANTED[keyword].format(value)
    return f"what {keyword} of its schema asks for"
