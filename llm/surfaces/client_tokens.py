"""`/api/v1/client-tokens/`: a back end gets a token for one of its users, to hand to that user's browser."""

from __future__ import annotations

from datetime import datetime, timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from llm.call import Caller
from llm.client_tokens import LONGEST_LIFE, MOST_MODELS, MOST_ORIGINS, Grant
from llm.dialects.fields import Fields
from llm.errors import Forbidden
from llm.models import SCOPES
from llm.surfaces.auth import caller_of, credential
from llm.surfaces.openapi import tokens
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.views import ResourceView, body_of
from llm.wiring import catalog, clock


class ClientTokensView(ResourceView):
    schema = BodySchema()

    @tokens.client_token
    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        if caller.user_id is not None:
            raise Forbidden("A client token cannot make others: use the key.")
        key = catalog().digest_of(credential(request.META))
        grant = read_grant(body_of(request), key, clock().now())
        check(grant, caller)
        narrowed = grant.narrowed(caller)
        told = {
            "token": grant.sealed(),
            "expires_at": narrowed.expires_at,
            "user_id": grant.user_id,
            "scopes": sorted(narrowed.scopes),
            "models": narrowed.models,
            "origins": sorted(narrowed.origins),
        }
        return Response(told, status=201, headers={"cache-control": "no-store"})


def read_grant(fields: Fields, key: str, now: datetime) -> Grant:
    """Raises InvalidField."""
    user_id = fields.required_text("user_id")
    life = fields.integer("expires_in", 1, LONGEST_LIFE) or LONGEST_LIFE
    scopes = fields.texts("scopes", most=len(SCOPES))
    models = fields.texts("models", most=MOST_MODELS)
    origins = fields.texts("origins", most=MOST_ORIGINS)
    fields.rest()
    for at, scope in enumerate(scopes or ()):
        if scope not in SCOPES:
            raise fields.wrong(f"scopes[{at}]", scope, f"one of {', '.join(SCOPES)}")
    return Grant(
        key,
        user_id,
        now.replace(microsecond=0) + timedelta(seconds=life),
        None if scopes is None else frozenset(scopes),
        None if models is None else tuple(models),
        None if origins is None else frozenset(origins),
    )


def check(grant: Grant, caller: Caller) -> None:
    """A token can only take away. Raises Forbidden."""
    for field, beyond in grant.excess(caller).items():
        if beyond:
            raise Forbidden(
                f"This key has not itself what its token is to have: {', '.join(beyond)}.",
                param=field,
                code="beyond_the_key",
            )
