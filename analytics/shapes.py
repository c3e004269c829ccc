"""The shapes of the books' answers, for the API's schema."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from llm.call import CacheOutcome, Status
from llm.surfaces.shapes import MetadataSerializer, TokensSerializer, dollars

STATUSES: tuple[str, ...] = get_args(Status)
CACHE_OUTCOMES: tuple[str, ...] = get_args(CacheOutcome)


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
    total_cost = dollars("Of the requests whose price is known.")
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
    cost = dollars("Null: the price is unknown.", allow_null=True)
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
