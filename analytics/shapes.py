"""The shapes of the books' answers and refusals, for the API's schema."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from llm.call import CacheOutcome, Status

STATUSES: tuple[str, ...] = get_args(Status)
CACHE_OUTCOMES: tuple[str, ...] = get_args(CacheOutcome)


class LimitSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    scope = serializers.CharField()
    used = serializers.IntegerField()
    max = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


class ErrorSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    source = serializers.ChoiceField(["gateway", "provider"])  # type: ignore[assignment]  # a field, not the base's own
    hint = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()
    retry_after = serializers.FloatField(allow_null=True)
    limit = LimitSerializer(allow_null=True)


class RefusalSerializer(serializers.Serializer[Any]):
    error = ErrorSerializer()


class UsageRowSerializer(serializers.Serializer[Any]):
    """The dimensions grouped by, and their figures."""

    provider = serializers.CharField(allow_null=True, required=False)
    model = serializers.CharField(allow_null=True, required=False)
    key = serializers.CharField(allow_null=True, required=False)
    key_id = serializers.IntegerField(allow_null=True, required=False)
    organisation = serializers.CharField(allow_null=True, required=False)
    organisation_id = serializers.IntegerField(allow_null=True, required=False)
    team = serializers.CharField(allow_null=True, required=False)
    user = serializers.CharField(allow_null=True, required=False)
    prompt = serializers.CharField(allow_null=True, required=False)
    version = serializers.IntegerField(allow_null=True, required=False)
    purpose = serializers.CharField(required=False)
    status = serializers.ChoiceField(STATUSES, required=False)
    hour = serializers.DateTimeField(required=False, help_text="When it began, with the zone's offset.")
    day = serializers.DateField(required=False)
    month = serializers.RegexField(r"^\d{4}-\d{2}$", required=False)
    total_requests = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    total_cost = serializers.RegexField(r"^\d+(\.\d+)?$", help_text="Dollars, of the requests whose price is known.")
    unpriced_requests = serializers.IntegerField(help_text="Those whose price is unknown: `total_cost` lacks them.")
    average_latency_ms = serializers.FloatField(allow_null=True, help_text="Refused requests left out.")
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)
    p99_ms = serializers.FloatField(allow_null=True)
    success_rate = serializers.FloatField(help_text="Share with status ok.")
    error_rate = serializers.FloatField(help_text="Share with status error, incomplete or interrupted.")
    cache_hit_rate = serializers.FloatField()
    last_request = serializers.DateTimeField()


class UsageSerializer(serializers.Serializer[Any]):
    results = UsageRowSerializer(many=True)
    to = serializers.DateTimeField()
    zone = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is no name for an attribute."""
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class TokensSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField()


class AttemptSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    upstream_model = serializers.CharField()
    outcome = serializers.ChoiceField(["ok", "error", "cancelled", "interrupted"])
    error = serializers.CharField(allow_null=True)
    latency_ms = serializers.IntegerField()


class PromptSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field, not the base's own


class MetadataSerializer(serializers.Serializer[Any]):
    cache_hit = serializers.BooleanField()
    fallback_used = serializers.BooleanField()
    retries = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())
    prompt = PromptSerializer(allow_null=True)
    attempts = AttemptSerializer(many=True)


class CauseSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)


class RecordSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    request_id = serializers.CharField()
    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(STATUSES)
    http_status = serializers.IntegerField(allow_null=True)
    surface = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    team = serializers.CharField(allow_null=True)
    user_id = serializers.CharField(allow_null=True)
    session_id = serializers.CharField(allow_null=True)
    purpose = serializers.CharField()
    priority = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())
    requests = serializers.IntegerField(help_text="More than 1 where a flood of refusals was counted together.")
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    upstream_model = serializers.CharField(allow_null=True)
    finish_reason = serializers.CharField(allow_null=True)
    usage = TokensSerializer()
    cost = serializers.RegexField(r"^\d+(\.\d+)?$", allow_null=True, help_text="Null: the price is unknown.")
    currency = serializers.CharField()
    latency_ms = serializers.IntegerField()
    first_token_ms = serializers.IntegerField(allow_null=True)
    error = CauseSerializer(allow_null=True)
    metadata = MetadataSerializer()


class ToolCallSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    arguments = serializers.CharField(allow_null=True)


class WholeRecordSerializer(RecordSerializer):
    content = serializers.CharField(allow_null=True, help_text="Null where it was not kept.")
    reasoning = serializers.CharField(allow_null=True)
    refusal = serializers.CharField(allow_null=True)
    tool_calls = ToolCallSerializer(many=True)


class RecordPageSerializer(serializers.Serializer[Any]):
    results = RecordSerializer(many=True)
    next = serializers.URLField(allow_null=True)
