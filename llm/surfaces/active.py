"""`/api/v1/requests/active/`: the calls in flight that this key may see."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from analytics.answers import instant
from analytics.parameters import Parameters
from llm.call import Caller, created_at, public_id
from llm.surfaces.auth import caller_of, requires
from llm.surfaces.openapi import active as schema
from llm.surfaces.views import ResourceView
from llm.types import JsonObject
from llm.wiring import active, clock

MOST = 1_000
TOLD = ("key", "user_id", "model", "provider", "surface", "streamed", "first_token_seen")


class ActiveRequestsView(ResourceView):
    permission_classes = [requires("requests")]

    @schema.active
    def get(self, request: Request) -> Response:
        Parameters(request.query_params, ())
        caller, others = caller_of(request), active().others()
        calls = [call for call in (*active().own(), *(others or ())) if may_see(caller, call)]
        newest = sorted(calls, key=lambda call: str(call["id"]), reverse=True)[:MOST]
        return Response({"results": [entry(call) for call in newest], "complete": others is not None})


def may_see(caller: Caller, call: JsonObject) -> bool:
    """As `LogQuerySet.of` has it: the key's own, its organisation's with that scope; of these one user's alone where
    the credential speaks for one."""
    if call["organisation_id"] != caller.organisation_id:
        return False
    if call["key_id"] != caller.key_id and "organisation" not in caller.scopes:
        return False
    return caller.user_id is None or bool(call["user_id"] == caller.user_id)


def entry(call: JsonObject) -> JsonObject:
    identity = UUID(call["id"])
    began = created_at(identity)
    age = (clock().now() - began).total_seconds()
    return {
        "id": public_id(identity),
        "created_at": instant(began),
        **{name: call[name] for name in TOLD},
        "age_ms": max(round(age * 1000), 0),
    }
