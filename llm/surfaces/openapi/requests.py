"""The bodies of the generation endpoints."""

from __future__ import annotations

from llm.dialects.fields import NAME
from llm.dialects.gatehouse import (
    CACHE_MODES,
    LARGEST_COST,
    LARGEST_VERSION,
    LARGEST_WINDOW,
    LONGEST_LATENCY,
    LONGEST_TTL,
    MAX_FALLBACKS,
    MAX_SOURCES,
    MAX_TAGS,
    PRIORITIES,
    PURPOSES,
)
from llm.dialects.messages import MAX_MESSAGES
from llm.surfaces.openapi.messages import NATIVE_MESSAGE, OPENAI_MESSAGE
from llm.surfaces.openapi.options import NATIVE_OPTIONS, OPENAI_OPTIONS
from llm.surfaces.openapi.words import (
    ANY,
    FLAG,
    Named,
    either,
    given,
    integer,
    listing,
    not_both,
    number,
    open_thing,
    optional,
    said,
    text,
    thing,
    word,
)
from llm.types import CAPABILITIES

TAGS = {
    "type": "object",
    "maxProperties": MAX_TAGS,
    "propertyNames": {"maxLength": NAME},
    "additionalProperties": said(),
}
PROMPT = thing(
    {"name": said(), **optional({"label": text(), "version": integer(1, LARGEST_VERSION), "variables": ANY})},
    "name",
    allOf=[not_both("label", "version")],
    description="A published prompt; its messages come first. Without label and version: production.",
)
CONTEXT = thing(
    optional({"assembled_context": text(None), "sources": listing(ANY, MAX_SOURCES), "metadata": ANY}),
    description="What a retrieval step found: it becomes part of the system message, its sources are recorded.",
)
REQUIREMENTS = thing(
    optional(
        {
            "capabilities": listing(word(*CAPABILITIES), len(CAPABILITIES)),
            "context_window": integer(1, LARGEST_WINDOW, description="Tokens at least."),
            "max_cost": either(
                number(0, LARGEST_COST),
                {"type": "string", "pattern": r"^\d{1,6}(\.\d{1,12})?$"},
                description="Dollars for this request, by estimate.",
            ),
            "min_quality": integer(1, 10),
            "max_latency_ms": number(1, LONGEST_LATENCY, description="Until answers began of late."),
        }
    ),
    description="What a model must meet to be chosen, with the model `auto`: the cheapest is.",
)
CACHE = thing(optional({"mode": word(*CACHE_MODES), "ttl": integer(1, LONGEST_TTL)}))
METADATA = thing(
    optional(
        {
            "user_id": text(),
            "session_id": text(),
            "request_id": text(),
            "purpose": word(*PURPOSES),
            "priority": word(*PRIORITIES),
            "tags": TAGS,
        }
    )
)
GATEHOUSE = {
    "provider": text(description="Pins the provider: no other is tried."),
    "fallbacks": listing(text(), MAX_FALLBACKS, description="Instead of the model's own; `[]` is none."),
    "requirements": REQUIREMENTS,
    "prompt": PROMPT,
    "context": CONTEXT,
    "cache": CACHE,
    "metadata": METADATA,
}
MODEL = text(description="A public name, an alias, a tier, or `auto`; left out, the default model.")
A_MESSAGE = given("messages", {"type": "array", "minItems": 1})
A_PROMPT = given("prompt", {"type": "object"})
ONE_WORD_FOR_TOOLS = [not_both("tools", "functions"), not_both("tool_choice", "function_call")]

GENERATE = Named(
    "Generate",
    thing(
        optional(
            {
                "model": MODEL,
                "messages": listing(NATIVE_MESSAGE, MAX_MESSAGES),
                **GATEHOUSE,
                "options": thing(NATIVE_OPTIONS, allOf=ONE_WORD_FOR_TOOLS),
                "stream": FLAG,
            }
        ),
        anyOf=[A_MESSAGE, A_PROMPT],
    ),
)
STREAM_OPTIONS = open_thing(optional({"include_usage": FLAG}))
CHAT_COMPLETION = Named(
    "ChatCompletionRequest",
    open_thing(
        optional(
            {
                "model": MODEL,
                "messages": listing(OPENAI_MESSAGE, MAX_MESSAGES),
                "stream": FLAG,
                "stream_options": STREAM_OPTIONS,
                "user": text(),
                "gatehouse": thing(optional(GATEHOUSE), description="What the OpenAI API has no field for."),
            }
        )
        | OPENAI_OPTIONS,
        anyOf=[A_MESSAGE, given("gatehouse", {"type": "object", **A_PROMPT})],
        allOf=[*ONE_WORD_FOR_TOOLS, not_both("max_tokens", "max_completion_tokens")],
    ),
)
