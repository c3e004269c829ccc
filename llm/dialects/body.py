"""From the bytes of a request to one JSON object, or to a clear refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, NoReturn

import orjson

from llm.errors import BodyTooLarge, MalformedBody
from llm.types import JsonObject

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_TOKENS = 2_000_000
"""Strings, commas and opening brackets: an empty list costs two bytes on the wire and sixty in memory."""

STRETCH = 64 * 1024
"""Bytes looked at in one go: what lies between strings comes in pieces, each of which weighs as much as forty bytes."""


def parse_body(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """Raises BodyTooLarge and MalformedBody; costs no more than its size, whatever is in it."""
    if len(raw) > max_bytes:
        raise BodyTooLarge(f"The body has {len(raw)} bytes, at most {max_bytes} are taken.")
    if _has_too_many_tokens(raw):
        raise MalformedBody(f"The body is made of more than {MAX_TOKENS} pieces.", code="body_too_complex")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("depth limit"):
            raise _too_deep(max_depth) from None
        raise MalformedBody(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if type(body) is not dict:
        raise MalformedBody("The body is not a JSON object.")
    keys, said = _count_colons(body, max_depth)
    # A field named twice leaves a colon that nothing in the result accounts for. An escaped colon would hide it.
    accounted = raw.count(b":") == keys + said and not (b"\\u003a" in raw or b"\\u003A" in raw)
    if not accounted and sum(between.count(b":") for between in _between_strings(raw)) != keys:
        _name_duplicate(raw)
    return body


def _has_too_many_tokens(raw: bytes) -> bool:
    if _tokens(raw) <= MAX_TOKENS:
        return False
    tokens = 0
    for between in _between_strings(raw):
        tokens += _tokens(between)
        if tokens > MAX_TOKENS:
            return True
    return False


def _tokens(raw: bytes) -> int:
    return sum(map(raw.count, (b",", b"[", b"{", b'"')))


def _between_strings(raw: bytes) -> Iterator[bytes]:
    """The text with nothing of its strings but the quote that opens each, stretch by stretch."""
    # Without escapes every quote that is left opens or closes a string.
    plain, is_inside = raw.replace(b"\\\\", b"").replace(b'\\"', b""), False
    for start in range(0, len(plain), STRETCH):
        pieces = plain[start : start + STRETCH].split(b'"')
        between = pieces[is_inside::2]
        is_inside = (is_inside + len(pieces)) % 2 == 0
        yield b'"'.join([*between, b""] if is_inside else between)


def _count_colons(body: JsonObject, max_depth: int) -> tuple[int, int]:
    """The colons of JSON itself, one for each key, and those inside its strings; walked level by level."""
    keys = said = 0
    level: list[Any] = [body]
    for _ in range(max_depth):
        objects = [node for node in level if type(node) is dict]
        keys += sum(map(len, objects))
        values = list(chain.from_iterable(node.values() if type(node) is dict else node for node in level))
        said += sum(text.count(":") for text in chain(values, *objects) if type(text) is str)
        level = [value for value in values if type(value) is dict or type(value) is list]
        if not level:
            return keys, said
    raise _too_deep(max_depth)


def _too_deep(max_depth: int) -> MalformedBody:
    return MalformedBody(f"The body is nested deeper than {max_depth} levels.", code="body_too_deep")


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
