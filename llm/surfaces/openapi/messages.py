"""A conversation as callers write it: what each role may say, in the native and in the OpenAI dialect."""

from __future__ import annotations

from collections.abc import Callable

from llm.dialects.messages import MAX_CALLS, MAX_PARTS
from llm.dialects.tools import LONGEST_ID
from llm.surfaces.openapi.media import BASE64, DOCUMENT, IMAGE
from llm.surfaces.openapi.words import (
    FLAG,
    NULL,
    Schema,
    either,
    given,
    listing,
    maybe,
    open_thing,
    optional,
    said,
    text,
    thing,
    word,
)

Shaped = Callable[..., Schema]
"""`thing` where unknown fields are refused, `open_thing` where they go on to the vendor."""

FUNCTION = maybe(word("function"))
IDENTITY = said(LONGEST_ID)
FUNCTION_CALL = {"name": said(), "arguments": maybe(text(None, description="JSON, as the model wrote it."))}
CUSTOM_CALL = {"name": said(), "input": maybe(text(None))}


def message(shaped: Shaped, parts: Schema, call: Schema, **turn: Schema) -> Schema:
    """`turn` is what only this dialect's assistant says."""
    content = either(text(None), listing(parts, MAX_PARTS, minItems=1))
    told = {"content": content, "name": maybe(text())}
    turn |= {
        "refusal": text(None),
        "tool_calls": listing(call, MAX_CALLS),
        "function_call": shaped(FUNCTION_CALL, "name", deprecated=True),
        "name": text(),
    }
    answer = {"content": either(text(None), listing(parts, MAX_PARTS), NULL), **optional(turn)}
    result = {**told, "tool_call_id": IDENTITY, "is_error": maybe(FLAG)}
    return either(
        shaped({"role": word("system", "developer", "user"), **told}, "role", "content"),
        shaped({"role": word("assistant"), **answer}, "role"),
        shaped({"role": word("tool"), **result}, "role", "content", "tool_call_id"),
        shaped({"role": word("function"), **told, "name": said()}, "role", "content", "name", deprecated=True),
    )


NATIVE_PARTS = either(
    thing({"type": word("text"), "text": maybe(text(None))}, "type"),
    thing({"type": word("image"), "image": IMAGE, "detail": maybe(text())}, "type", "image"),
    thing({"type": word("audio"), "audio": BASE64, "format": said()}, "type", "audio", "format"),
    thing(
        {"type": word("file"), "file": maybe(DOCUMENT), "file_id": maybe(text()), "name": maybe(text())},
        "type",
        anyOf=[given("file", {"type": "string"}), given("file_id", {"type": "string", "minLength": 1})],
    ),
)
NATIVE_CALL = either(
    thing({"type": FUNCTION, "id": IDENTITY, **FUNCTION_CALL}, "id", "name"),
    thing({"type": FUNCTION, "id": IDENTITY, "function": thing(FUNCTION_CALL, "name")}, "id", "function"),
)
NATIVE_MESSAGE = message(thing, NATIVE_PARTS, NATIVE_CALL, reasoning=text(None), reasoning_signature=text(None))


def part(kind: str, inside: Schema, *required: str) -> Schema:
    """A part of a message under its kind's name, as OpenAI writes all but text."""
    return open_thing({"type": word(kind), kind: open_thing(inside, *required)}, "type", kind)


OPENAI_KINDS = ("text", "refusal", "image_url", "input_audio", "file")
OPENAI_PARTS = either(
    open_thing({"type": word("text"), "text": maybe(text(None))}, "type"),
    open_thing({"type": word("refusal"), "refusal": maybe(text(None))}, "type"),
    part("image_url", {"url": IMAGE, "detail": maybe(text())}, "url"),
    part("input_audio", {"data": BASE64, "format": said()}, "data", "format"),
    part("file", optional({"file_data": DOCUMENT, "file_id": text(), "filename": text()})),
    open_thing(
        {"type": {"type": "string", "not": {"enum": list(OPENAI_KINDS)}, "description": "Handed on as it is."}}, "type"
    ),
)
OPENAI_CALL = either(
    open_thing({"type": FUNCTION, "id": IDENTITY, "function": open_thing(FUNCTION_CALL, "name")}, "id", "function"),
    open_thing(
        {"type": word("custom"), "id": IDENTITY, "custom": open_thing(CUSTOM_CALL, "name")}, "type", "id", "custom"
    ),
)
OPENAI_MESSAGE = message(open_thing, OPENAI_PARTS, OPENAI_CALL)
