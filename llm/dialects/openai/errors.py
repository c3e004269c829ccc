"""Errors as clients of this dialect read them."""

from __future__ import annotations

from llm.dialects.errors import error_fields
from llm.errors import GatewayError
from llm.types import JsonObject


def render_error(error: GatewayError, request_id: str) -> tuple[int, JsonObject]:
    """To clients of this dialect a wrong field is a bad request like any other."""
    status = 400 if error.status == 422 else error.status
    return status, {"error": error_fields(error, request_id)}
