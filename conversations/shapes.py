"""The shapes of conversations for the API's schema: what is taken, and what is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.schema import WITHOUT_NUL
from conversations.models import MessageStatus
from conversations.requests import TITLE
from llm.dialects.messages import MAX_MESSAGES, MAX_PARTS
from llm.surfaces.openapi.answers import CalledToolSerializer
from llm.surfaces.openapi.messages import IDENTITY, NATIVE_PARTS
from llm.surfaces.openapi.options import NATIVE_OPTIONS
from llm.surfaces.openapi.requests import GATEHOUSE, METADATA, MODEL, ONE_WORD_FOR_TOOLS, PROMPT
from llm.surfaces.openapi.words import (
    FLAG,
    Named,
    either,
    given,
    listing,
    maybe,
    not_both,
    optional,
    said,
    text,
    thing,
    word,
)
from llm.surfaces.shapes import ErrorSerializer, TokensSerializer, dollars

OPENING = Named(
    "ConversationNew",
    thing(
        optional(
            {
                "title": text(TITLE, pattern=WITHOUT_NUL),
                "system": text(None, description="The system message of every turn."),
                "model": MODEL,
                "prompt": PROMPT,
                "metadata": {
                    **METADATA,
                    "properties": {**METADATA["properties"], "user_id": maybe(text(pattern=WITHOUT_NUL))},
                },
            }
        )
    ),
)
SOME_TEXT = thing({"type": word("text"), "text": said(None)}, "type", "text")
PARTS = either(SOME_TEXT, *NATIVE_PARTS["anyOf"][1:])
CONTENT = either(said(None), listing(PARTS, MAX_PARTS, minItems=1))
RESULT = either(text(None), listing(NATIVE_PARTS, MAX_PARTS, minItems=1))
NAME = {"name": maybe(text())}
MESSAGES = listing(
    either(
        thing({"role": word("user"), "content": CONTENT, **NAME}, "role", "content"),
        thing(
            {"role": word("tool"), "content": RESULT, "tool_call_id": IDENTITY, "is_error": maybe(FLAG), **NAME},
            "role",
            "content",
            "tool_call_id",
        ),
    ),
    MAX_MESSAGES,
    description="Instead of `content`: several, or the results of the tools that the last answer called.",
)
TURN = Named(
    "MessageNew",
    thing(
        optional(
            {
                "content": CONTENT,
                "messages": MESSAGES,
                "model": MODEL,
                **GATEHOUSE,
                "options": thing(NATIVE_OPTIONS, allOf=ONE_WORD_FOR_TOOLS),
                "stream": FLAG,
            }
        ),
        anyOf=[
            given("content", {"type": ["string", "array"]}),
            given("messages", {"type": "array", "minItems": 1}),
        ],
        allOf=[not_both("content", "messages")],
    ),
)


class ConversationSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="`conv_` and a UUID.")
    title = serializers.CharField()
    system = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    prompt = serializers.DictField(allow_null=True)
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When a turn last began or ended.")


class ConversationPageSerializer(serializers.Serializer[Any]):
    results = ConversationSerializer(many=True)
    next = serializers.URLField(allow_null=True)


ROLES = ("user", "assistant", "tool")


class ConversationMessageSerializer(serializers.Serializer[Any]):
    """An answer has `generation_id` and what follows it; for a question these are null."""

    id = serializers.CharField(help_text="`msg_` and a UUID.")
    role = serializers.ChoiceField(ROLES)
    content = serializers.JSONField(allow_null=True, help_text="A text or a list of parts.")
    reasoning = serializers.CharField(allow_null=True)
    refusal = serializers.CharField(allow_null=True)
    tool_calls = CalledToolSerializer(many=True)
    tool_call_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(MessageStatus.values)
    generation_id = serializers.CharField(allow_null=True, help_text="The id of its record.")
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    finish_reason = serializers.CharField(allow_null=True)
    usage = TokensSerializer(allow_null=True)
    cost = dollars("Null: the price is unknown.", allow_null=True)
    error = ErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()


class MessagePageSerializer(serializers.Serializer[Any]):
    results = ConversationMessageSerializer(many=True)
    next = serializers.URLField(allow_null=True)
