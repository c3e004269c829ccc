"""From the bytes of a request to one JSON object, or to a clear refusal."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any, NoReturn

import orjson

from llm.errors import BodyTooLarge, MalformedBody
from llm.types import JsonObject

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 1_000_000
"""Commas and opening brackets: an empty list costs two bytes on the wire and sixty in memory."""

STRING = re.compile(rb'"[^"]*"?')


def parse_body(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """Raises BodyTooLarge and MalformedBody; costs no more than its size, whatever is in it."""
    if len(raw) > max_bytes:
        raise BodyTooLarge(f"The body has {len(raw)} bytes, at most {max_bytes} are taken.")
    if _structure(raw) > MAX_VALUES and _structure(_without_strings(raw)) > MAX_VALUES:
        raise MalformedBody(f"The body holds more than {MAX_VALUES} values.", code="body_too_complex")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if type(body) is not dict:
        raise MalformedBody("The body is not a JSON object.")
    keys = _count_keys(body, max_depth)
    # Strings may hold colons too, so only when the cheap count differs is it worth taking them out.
    if raw.count(b":") != keys and _without_strings(raw).count(b":") != keys:
        _name_duplicate(raw)
    return body


def _structure(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _without_strings(raw: bytes) -> bytes:
    return STRING.sub(b"", raw.replace(b"\\\\", b"").replace(b'\\"', b""))


def _count_keys(body: JsonObject, max_depth: int) -> int:
    """All keys of all objects, walked level by level."""
    keys = 0
    level: list[Any] = [body]
    for _ in range(max_depth):
        objects = [node for node in level if type(node) is dict]
        keys += sum(map(len, objects))
        values = chain.from_iterable(node.values() if type(node) is dict else node for node in level)
        level = [value for value in values if type(value) is dict or type(value) is list]
        if not level:
            return keys
    raise MalformedBody(f"The body is nested deeper than {max_depth} levels.", code="body_too_deep")


def _name_duplicate(raw: bytes) -> NoReturn:
    json.loads(raw, object_pairs_hook=_refuse_duplicate, parse_int=float)
    raise MalformedBody("The body names a field twice.", code="duplicate_key")


def _refuse_duplicate(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise MalformedBody(
                f"The body names the field {key[:100]!r} twice in one object.", param=key[:100], code="duplicate_key"
            )
        seen.add(key)
