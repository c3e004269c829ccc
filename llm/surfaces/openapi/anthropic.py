"""The Anthropic dialect in the API's schema: the body, the answer and its events, the list of models, a refusal."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.dialects.anthropic.errors import STATUSES
from llm.dialects.anthropic.tools import CUSTOM, MODES, PARALLEL
from llm.dialects.messages import MAX_MESSAGES, MAX_PARTS
from llm.dialects.options import MAX_STOPS, MOST_TOKENS
from llm.dialects.tools import LONGEST_DESCRIPTION, LONGEST_ID, MAX_TOOLS
from llm.surfaces.openapi.events import COUNT, WORDS, component, event
from llm.surfaces.openapi.media import ADDRESS, BASE64, DOCUMENT, IMAGE
from llm.surfaces.openapi.requests import A_MESSAGE, A_PROMPT, GATEHOUSE, MODEL
from llm.surfaces.openapi.words import (
    ANY,
    FLAG,
    Named,
    Schema,
    either,
    given,
    integer,
    listing,
    maybe,
    number,
    open_thing,
    optional,
    said,
    text,
    thing,
    word,
)
from llm.surfaces.shapes import ErrorSerializer

ID = said(LONGEST_ID)
IMAGE_TYPE = said(pattern="^image/")


def block(kind: str, properties: Schema, *required: str) -> Schema:
    return open_thing({"type": word(kind), **properties}, "type", *required)


def source(kind: str, properties: Schema) -> Schema:
    return open_thing({"type": word(kind), **properties}, "type", *properties)


def handed_on(*known: str) -> Schema:
    """A thing of no type of ours."""
    kind = {"type": "string", "not": {"enum": list(known)}, "description": "Handed on as it is."}
    return open_thing({"type": kind}, "type")


SOURCES = ("base64", "url", "text", "file")
PICTURE = either(
    source("base64", {"media_type": IMAGE_TYPE, "data": BASE64}),
    source("url", {"url": IMAGE}),
    open_thing({"type": {"not": {"enum": ["base64", "url"]}}}),
)
PAPER = either(
    source("base64", {"media_type": said(), "data": BASE64}),
    source("text", {"media_type": said(), "data": said(None)}),
    source("url", {"url": either(ADDRESS, DOCUMENT)}),
    source("file", {"file_id": said()}),
)
OTHER_PAPER = open_thing({"type": {"not": {"enum": list(SOURCES)}}})
KINDS = ("text", "thinking", "tool_use", "image", "document")
BLOCKS = (
    block("text", optional({"text": text(None)})),
    block("thinking", optional({"thinking": text(None), "signature": text(None)})),
    block("tool_use", {"id": ID, "name": said(), "input": maybe(ANY)}, "id", "name"),
    block("image", {"source": PICTURE}, "source"),
    block("document", {"source": PAPER, "title": maybe(text(None))}, "source"),
    block("document", {"source": OTHER_PAPER}, "source"),
)
BLOCK = either(*BLOCKS, handed_on(*KINDS))
RESULT = block(
    "tool_result",
    {
        "tool_use_id": said(LONGEST_ID, description="Of a `tool_use` before it."),
        "content": maybe(either(text(None), listing(BLOCK, MAX_PARTS))),
        "is_error": maybe(FLAG),
    },
    "tool_use_id",
)


def turn(content: Schema, *roles: str) -> Schema:
    said = either(text(None), listing(content, MAX_PARTS))
    return open_thing({"role": word(*roles), "content": said}, "role", "content")


MESSAGE = either(
    turn(either(*BLOCKS, RESULT, handed_on(*KINDS, "tool_result")), "user"), turn(BLOCK, "assistant", "system")
)
DEFINITION = {
    "name": said(),
    **optional({"description": text(LONGEST_DESCRIPTION), "input_schema": ANY, "strict": FLAG}),
}
TOOL = either(
    open_thing({"type": maybe(word(CUSTOM)), **DEFINITION}, "name"),
    open_thing({"type": {**said(description="The vendor's own."), "not": {"enum": [CUSTOM]}}}, "type"),
)
CHOICE = either(
    open_thing({"type": word(*(mode for mode in MODES if mode != "tool")), PARALLEL: maybe(FLAG)}, "type"),
    open_thing({"type": word("tool"), "name": said(), PARALLEL: maybe(FLAG)}, "type", "name"),
)
QUESTION = {
    "messages": listing(MESSAGE, MAX_MESSAGES),
    **optional(
        {
            "model": MODEL,
            "system": either(text(None), listing(BLOCK, MAX_PARTS)),
            "tools": listing(TOOL, MAX_TOOLS),
            "tool_choice": CHOICE,
            "output_config": ANY,
            "temperature": number(0, 1),
            "top_p": number(0, 1),
            "top_k": integer(0, MOST_TOKENS),
            "stop_sequences": listing(text(1_000), MAX_STOPS),
            "stream": FLAG,
            "gatehouse": thing(optional(GATEHOUSE), description="What the Anthropic API has no field for."),
        }
    ),
}
ASKED = [A_MESSAGE, given("gatehouse", {"type": "object", **A_PROMPT})]
MESSAGES = Named(
    "MessagesRequest",
    open_thing({**QUESTION, "max_tokens": integer(0, MOST_TOKENS)}, "max_tokens", anyOf=ASKED),
)
COUNT_TOKENS = Named(
    "CountTokensRequest",
    open_thing({**QUESTION, "max_tokens": maybe(integer(0, MOST_TOKENS))}, anyOf=ASKED),
)
COUNTED = Named("CountedTokens", open_thing({"input_tokens": COUNT}, "input_tokens"))

USAGE = open_thing(
    {
        "input_tokens": COUNT,
        "cache_creation_input_tokens": COUNT,
        "cache_read_input_tokens": COUNT,
        "output_tokens": COUNT,
    },
    "input_tokens",
    "output_tokens",
)
ANSWERED = open_thing({"type": WORDS}, "type", description="A block of the answer.")
STOP = {"stop_reason": maybe(WORDS), "stop_sequence": maybe(WORDS)}
WHOLE = Named(
    "Message",
    open_thing(
        {
            "id": WORDS,
            "type": word("message"),
            "role": word("assistant"),
            "model": WORDS,
            "content": {"type": "array", "items": ANSWERED},
            **STOP,
            "usage": USAGE,
        },
        *("id", "type", "role", "model", "content", "stop_reason", "usage"),
    ),
)


def told(kind: str, properties: Schema) -> Schema:
    return event(kind, open_thing({"type": word(kind), **properties}, "type", *properties))


EVENT = either(
    told("message_start", {"message": component("Message")}),
    told("content_block_start", {"index": COUNT, "content_block": ANSWERED}),
    told("content_block_delta", {"index": COUNT, "delta": open_thing({"type": WORDS}, "type")}),
    told("content_block_stop", {"index": COUNT}),
    told("message_delta", {"delta": open_thing(STOP, "stop_reason"), "usage": USAGE}),
    told("message_stop", {}),
    told("ping", {}),
    event("error", component("MessageRefusal")),
)


def one_of(*words: str) -> serializers.RegexField:
    """A pattern, since drf-spectacular would look for a name for each set of choices."""
    return serializers.RegexField(f"^({'|'.join(words)})$")


class MessageErrorSerializer(ErrorSerializer):
    type = one_of(*STATUSES)  # type: ignore[assignment]  # other words than the base's


class MessageRefusalSerializer(serializers.Serializer[Any]):
    type = one_of("error")
    error = MessageErrorSerializer()
    request_id = serializers.CharField()


class MessageModelSerializer(serializers.Serializer[Any]):
    type = one_of("model")
    id = serializers.CharField()
    display_name = serializers.CharField()
    created_at = serializers.DateTimeField(help_text="1970 where it is not known.")
    max_input_tokens = serializers.IntegerField(allow_null=True)
    max_tokens = serializers.IntegerField(allow_null=True)
    lifecycle = one_of("active", "deprecated", "retired")
    retires_at = serializers.DateTimeField(allow_null=True)


class MessageModelListSerializer(serializers.Serializer[Any]):
    data: Any = MessageModelSerializer(many=True)
    has_more = serializers.BooleanField()
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)
