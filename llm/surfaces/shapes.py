"""The shapes of answers and refusals that several resources share, for the API's schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from rest_framework import serializers

from llm.errors import GatewayError
from llm.types import FinishReason

FINISH_REASONS: tuple[str, ...] = get_args(FinishReason)
OUTCOMES = ("ok", "error", "cancelled", "lost", "skipped", "interrupted")


def kinds(error: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """The tree of errors, from the root down."""
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def dollars(about: str, **more: Any) -> serializers.RegexField:
    """A decimal string."""
    return serializers.RegexField(r"^\d+(\.\d+)?$", help_text=about, **more)


class LimitSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    scope = serializers.CharField()
    used = serializers.IntegerField()
    max = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


class ErrorSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(sorted({kind.type for kind in kinds()}))
    code = serializers.CharField(help_text="Finer than the type; more of them may come.")
    message = serializers.CharField()
    param = serializers.CharField(allow_null=True, help_text="The path of the field that is wrong.")
    source = serializers.ChoiceField(["gateway", "provider"])  # type: ignore[assignment]  # a field, not the base's own
    hint = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()
    retry_after = serializers.FloatField(allow_null=True, help_text="Seconds.")
    limit = LimitSerializer(allow_null=True)


class RefusalSerializer(serializers.Serializer[Any]):
    error = ErrorSerializer()


class TokensSerializer(serializers.Serializer[Any]):
    """Prompt tokens include cached ones, completion tokens include reasoning."""

    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField()


class AttemptSerializer(serializers.Serializer[Any]):
    """Tokens and cost are those of a try that was paid for beside the one that answered."""

    provider = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    upstream_model = serializers.CharField()
    outcome = serializers.ChoiceField(OUTCOMES, help_text="`lost`: another was faster; `skipped`: nobody was asked.")
    error = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="Why it was made.")
    started_ms = serializers.IntegerField(allow_null=True, help_text="Since the request came.")
    queue_ms = serializers.IntegerField(help_text="Spent waiting for a turn at the provider.")
    latency_ms = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = dollars("Null: nothing, or the price is unknown.", allow_null=True)


class PromptSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field, not the base's own


class MetadataSerializer(serializers.Serializer[Any]):
    cache_hit = serializers.BooleanField()
    fallback_used = serializers.BooleanField()
    retries = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())
    selection = serializers.CharField(allow_null=True, help_text="Why this model, where the choice was ours.")
    prompt = PromptSerializer(allow_null=True)
    attempts = AttemptSerializer(many=True)
