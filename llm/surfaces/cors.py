"""Browsers from other origins: answered by the origins that keys name."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from llm.call import Caller
from llm.wiring import catalog

EXPOSED = (
    "x-request-id, request-id, retry-after, x-should-retry, x-gatehouse-provider, x-gatehouse-model, "
    "x-gatehouse-attempts, x-gatehouse-cache, x-gatehouse-cost, x-gatehouse-overhead-ms, x-gatehouse-warnings, "
    "x-gatehouse-conversation, x-gatehouse-message, idempotent-replayed, "
    "x-gatehouse-budget-limit, x-gatehouse-budget-remaining, x-gatehouse-budget-reset, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, anthropic-ratelimit-requests-reset, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)


def names(origins: AbstractSet[str], origin: str) -> bool:
    """Whether these are the origins of a key that a page from `origin` may use. A page without one says `null`."""
    return origin in origins or "*" in origins


def cors_headers(request: HttpRequest, caller: Caller | None) -> dict[str, str]:
    """For an answer: granted where the key itself, or, before it is known, any key names the origin."""
    origin = request.META.get("HTTP_ORIGIN")
    if not origin:
        return {}
    granted = caller.origins if caller is not None else catalog().origins()
    headers = {"vary": "Origin"}
    if names(granted, origin):
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = EXPOSED
    return headers


def preflight(request: HttpRequest) -> HttpResponse:
    """The browser's question before the request; it carries no key, so any key's origin will do."""
    response = HttpResponse(status=204)
    headers = cors_headers(request, None)
    if "access-control-allow-origin" in headers:
        headers["access-control-allow-methods"] = "GET, POST, PUT, DELETE, OPTIONS"
        headers["access-control-allow-headers"] = request.META.get(
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "authorization, content-type, x-api-key"
        )
        headers["access-control-max-age"] = "600"
    add_headers(response, headers)
    return response


def add_headers(response: HttpResponseBase, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        response[name] = value
