"""Client tokens as the API's schema tells of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from llm.client_tokens import LONGEST_LIFE, MOST_MODELS, MOST_ORIGINS
from llm.models import SCOPES
from llm.surfaces.openapi.operations import IDENTITY, JSON, refusals
from llm.surfaces.openapi.words import Named, integer, listing, optional, said, text, thing, word

CLIENT_TOKEN = Named(
    "ClientTokenRequest",
    thing(
        {
            "user_id": said(description="Whom the token speaks for: what its requests say themselves does not count."),
            **optional(
                {
                    "scopes": listing(word(*SCOPES), len(SCOPES), description="Of the key's; by default its harmless."),
                    "models": listing(text(), MOST_MODELS, description="Names or patterns within the key's."),
                    "origins": listing(text(), MOST_ORIGINS, description="Of the key's."),
                    "expires_in": integer(1, LONGEST_LIFE, description="Seconds."),
                }
            ),
        },
        "user_id",
    ),
)


class ClientTokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Goes wherever a key goes.")
    expires_at = serializers.DateTimeField()
    user_id = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    models = serializers.ListField(child=serializers.CharField())
    origins = serializers.ListField(child=serializers.CharField())


client_token = extend_schema(
    operation_id="client_token",
    summary="Make a token for one user, to hand to a browser",
    description="It lasts 15 minutes at most and has the key's rights, or fewer of them. A token cannot make another.",
    tags=["keys"],
    parameters=IDENTITY,
    request={JSON: CLIENT_TOKEN},
    responses={
        201: OpenApiResponse(ClientTokenSerializer, "The token and what it may do."),
        **refusals(400, 401, 403, 405, 413, 415, 422, 503),
    },
    examples=[OpenApiExample("One user", {"user_id": "u-1", "scopes": ["generate"]}, request_only=True)],
)
