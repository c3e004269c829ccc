"""The events of a streamed answer, each as its fields: `event`, and JSON in `data`."""

from __future__ import annotations

from llm.surfaces.openapi.answers import OPENAI_FINISH_REASONS
from llm.surfaces.openapi.words import ANY, Schema, either, given, maybe, open_thing, text, word

WORDS = text(None)
COUNT: Schema = {"type": "integer", "minimum": 0}


def component(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def told(schema: Schema) -> Schema:
    """A text that is such JSON."""
    return {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}


def event(name: str, schema: Schema) -> Schema:
    return open_thing({"event": word(name), "data": told(schema)}, "event", "data")


CALL_DELTA = open_thing({"index": COUNT, "id": WORDS, "name": WORDS, "arguments": WORDS}, "index", "arguments")
NATIVE_CHUNK = open_thing(
    {
        "id": WORDS,
        "index": COUNT,
        "delta": WORDS,
        "reasoning_delta": WORDS,
        "refusal_delta": WORDS,
        "tool_call_delta": CALL_DELTA,
    },
    "id",
    "index",
    "delta",
)
NATIVE_EVENT = either(
    event("chunk", NATIVE_CHUNK),
    event("done", {"allOf": [component("Generation"), given("done", {"const": True})]}),
    event("error", component("Refusal")),
)

CHOICE = open_thing(
    {"index": COUNT, "delta": ANY, "finish_reason": maybe(word(*OPENAI_FINISH_REASONS))},
    "index",
    "delta",
    "finish_reason",
)
OPENAI_CHUNK = open_thing(
    {
        "id": WORDS,
        "object": word("chat.completion.chunk"),
        "created": COUNT,
        "model": WORDS,
        "choices": {"type": "array", "items": CHOICE},
        "usage": either(component("ChatUsage"), {"type": "null"}),
    },
    "id",
    "object",
    "created",
    "model",
    "choices",
)
OPENAI_EVENT = open_thing(
    {"data": either({"const": "[DONE]"}, told(either(OPENAI_CHUNK, component("Refusal"))))}, "data"
)
