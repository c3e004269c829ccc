"""What the generation endpoints and their companions answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.surfaces.openapi.words import thing, word
from llm.surfaces.shapes import FINISH_REASONS, MetadataSerializer, TokensSerializer, dollars

OPENAI_FINISH_REASONS = (*FINISH_REASONS, "function_call")

ANSWERERS = ("assistant",)


class CalledToolSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    arguments = serializers.CharField(help_text="JSON, as the model wrote it.")


class GenerationSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="`gen_` and a UUID: the record's id too.")
    request_id = serializers.CharField(help_text="Your own `metadata.request_id`, else the id.")
    provider = serializers.CharField()
    model = serializers.CharField()
    upstream_model = serializers.CharField()
    content = serializers.CharField()
    reasoning = serializers.CharField(allow_null=True)
    reasoning_signature = serializers.CharField(
        allow_null=True, help_text="The vendor's proof of what its model thought: hand it back in your next request."
    )
    refusal = serializers.CharField(allow_null=True)
    tool_calls = CalledToolSerializer(many=True)
    finish_reason = serializers.ChoiceField(FINISH_REASONS)
    usage = TokensSerializer()
    cost = dollars("Null: the price is unknown.", allow_null=True)
    currency = serializers.CharField()
    latency_ms = serializers.IntegerField()
    first_token_ms = serializers.IntegerField(allow_null=True)
    metadata = MetadataSerializer()
    created_at = serializers.DateTimeField()


class FunctionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    arguments = serializers.CharField()


class CustomToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    input = serializers.CharField()


class ChatToolCallSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    type = serializers.CharField()
    function = FunctionSerializer(required=False)
    custom = CustomToolSerializer(required=False)


class ChatMessageSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(ANSWERERS)
    content = serializers.CharField(allow_null=True)
    refusal = serializers.CharField(allow_null=True)
    reasoning_content = serializers.CharField(required=False)
    tool_calls = ChatToolCallSerializer(many=True, required=False)
    function_call = FunctionSerializer(required=False)


class ChatChoiceSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    message = ChatMessageSerializer()
    logprobs = serializers.DictField(allow_null=True)
    finish_reason = serializers.ChoiceField(OPENAI_FINISH_REASONS)


class PromptDetailsSerializer(serializers.Serializer[Any]):
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()


class CompletionDetailsSerializer(serializers.Serializer[Any]):
    reasoning_tokens = serializers.IntegerField()


class ChatUsageSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    prompt_tokens_details = PromptDetailsSerializer()
    completion_tokens_details = CompletionDetailsSerializer()


class ChatCompletionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(["chat.completion"])
    created = serializers.IntegerField(help_text="Seconds since 1970.")
    model = serializers.CharField(help_text="As the vendor names it.")
    choices = ChatChoiceSerializer(many=True)
    usage = ChatUsageSerializer()


class ModelSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.ChoiceField(["model"])
    created = serializers.IntegerField()
    owned_by = serializers.CharField(help_text="The provider of its first route.")


class ModelListSerializer(serializers.Serializer[Any]):
    object = serializers.ChoiceField(["list"])
    data: Any = ModelSerializer(many=True)


HEALTH = thing({"status": word("ok")}, "status")
READINESS = thing(
    {
        "status": word("ok", "degraded", "draining", "unavailable"),
        "degraded": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What each part in trouble means: database, redis, cache, journal, recorder.",
        },
        "records_pending": {"type": "integer", "description": "Records not yet in the database."},
    },
    "status",
    "degraded",
    "records_pending",
)
