"""The calls in flight as the API's schema tells of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers

from llm.surfaces.openapi.operations import IDENTITY, refusals


class ActiveRequestSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    created_at = serializers.DateTimeField()
    key = serializers.CharField()
    user_id = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    provider = serializers.CharField(allow_null=True, help_text="The one that was asked last.")
    surface = serializers.CharField()
    streamed = serializers.BooleanField()
    first_token_seen = serializers.BooleanField()
    age_ms = serializers.IntegerField()


class ActiveRequestsSerializer(serializers.Serializer[Any]):
    results = ActiveRequestSerializer(many=True)
    complete = serializers.BooleanField(help_text="False: only the process that answered could be seen.")


active = extend_schema(
    operation_id="active_requests",
    summary="The calls in flight, newest first",
    description=(
        "The key's own; its organisation's with the scope `organisation`. Other processes' are up to a second old. "
        "At most 1,000."
    ),
    tags=["books"],
    parameters=IDENTITY,
    responses={
        200: OpenApiResponse(ActiveRequestsSerializer, "What is under way."),
        **refusals(400, 401, 403, 405, 422, 503),
    },
)
