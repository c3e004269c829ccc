"""Errors as this dialect tells them: a few types, each with its status."""

from __future__ import annotations

from llm.dialects.errors import error_fields
from llm.errors import GatewayError, ProviderOverloaded
from llm.types import JsonObject

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Also those of errors in mid-stream, which come without a status."""

TYPES = {status: name for name, status in STATUSES.items()} | {503: "overloaded_error"}


def status_of(error: object) -> int | None:
    """The status that goes with the type of an error object."""
    return STATUSES.get(str(error.get("type"))) if isinstance(error, dict) else None


def render_error(error: GatewayError, request_id: str) -> tuple[int, JsonObject]:
    """To clients of this dialect a wrong field is a bad request like any other, and an overloaded vendor a 529."""
    status = 400 if error.status == 422 else 529 if isinstance(error, ProviderOverloaded) else error.status
    usual = "invalid_request_error" if status < 500 else "api_error"
    told = {**error_fields(error, request_id), "type": TYPES.get(status, usual)}
    return status, {"type": "error", "error": told, "request_id": request_id}
