"""Who may come in, and JSON for the page's script: answers, and errors in the native envelope."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse

from llm.call import new_id, public_id
from llm.dialects.body import parse_body
from llm.dialects.errors import error_fields
from llm.dialects.fields import Fields
from llm.errors import Forbidden, GatewayError, Unauthenticated
from llm.surfaces.views import MethodNotAllowed
from llm.types import JsonObject
from prompts.staff_keys import SPEND

VIEW = "prompts.view_prompt"
CHANGE = "prompts.change_prompt"
LARGEST = 4 * 1024 * 1024
UNSTORED = {"cache-control": "no-store"}

Answer = Callable[..., JsonObject]


def answered(method: str) -> Callable[[Answer], Callable[..., HttpResponse]]:
    """A view that answers `method` with what the function returns, to those who may use the playground."""

    def dressed(answer: Answer) -> Callable[..., HttpResponse]:
        @wraps(answer)
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                check(request, method)
                return JsonResponse(answer(request, **kwargs), headers=UNSTORED)
            except GatewayError as error:
                told = error_fields(error, public_id(new_id()))
                return JsonResponse({"error": told}, status=error.status, headers=UNSTORED)

        return view

    return dressed


def check(request: HttpRequest, method: str) -> None:
    """Raises Unauthenticated, Forbidden and MethodNotAllowed."""
    if not admin.site.has_permission(request):
        raise Unauthenticated("Your session has ended.", code="signed_out", hint="Sign in again in another tab.")
    if not request.user.has_perm(SPEND):
        raise Forbidden("The playground is for those with the right to use it.", code="playground_not_allowed")
    if request.method != method:
        raise MethodNotAllowed(f"{request.method} is not allowed here; use {method}.")


def said(request: HttpRequest) -> Fields:
    """The JSON object that was sent, to be read strictly. Raises MalformedBody and BodyTooLarge."""
    return Fields(parse_body(request.body, max_bytes=LARGEST), "", strict=True)
