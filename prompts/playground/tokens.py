"""`POST /playground/token/`: the page's script gets a token of the chosen organisation for whoever is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from llm.dialects.gatehouse import LARGEST_VERSION
from llm.errors import NotFound
from llm.types import JsonObject
from prompts.playground.doors import answered, said
from prompts.staff_keys import payers, staff_token


@answered("POST")
def token(request: HttpRequest) -> JsonObject:
    fields = said(request)
    wanted = fields.integer("organisation", 1, LARGEST_VERSION)
    fields.rest()
    organisation = payers(request.user).filter(pk=wanted).first() if wanted else None
    if organisation is None:
        raise NotFound(
            "There is no such organisation, or you are no member of it.",
            param="organisation",
            code="organisation_not_found",
            hint="An operator may make you one.",
        )
    made = staff_token(organisation, request.user.get_username(), origin_of(request))
    return {"token": made.text, "expires_at": made.expires_at}


def origin_of(request: HttpRequest) -> str:
    """The page's, as its browser says, which Django has held against our own hosts by now; else as we were asked."""
    return request.headers.get("Origin") or f"{request.scheme}://{request.get_host()}"
