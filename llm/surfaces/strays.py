"""Addresses that lead nowhere, and bugs that no view caught: an envelope on the API's paths, a page anywhere else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views import defaults

from llm.call import new_id, public_id
from llm.dialects import anthropic, native, openai
from llm.dialects.base import Dialect
from llm.errors import GatewayError, NotFound
from llm.surfaces.cors import cors_headers
from llm.surfaces.http import refusal

DIALECTS: dict[str, Dialect] = {"/api/": native, "/v1/messages": anthropic, "/v1/": openai}
"""By the beginning of the path, the longest first."""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    error = NotFound(f"There is nothing at {request.path[:200]}.", hint="GET /api/schema/ lists the addresses.")
    return _told(request, error) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    return _told(request, GatewayError("Internal error.")) or defaults.server_error(request)


def _told(request: HttpRequest, error: GatewayError) -> HttpResponseBase | None:
    for path, dialect in DIALECTS.items():
        if request.path.startswith(path):
            return refusal(error, dialect, public_id(new_id()), cors_headers(request, None))
    return None
