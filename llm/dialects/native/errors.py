"""Errors in native words: statuses as the tree of errors draws them."""

from __future__ import annotations

from llm.dialects.errors import error_fields
from llm.errors import GatewayError
from llm.types import JsonObject


def render_error(error: GatewayError, request_id: str) -> tuple[int, JsonObject]:
    return error.status, {"error": error_fields(error, request_id)}
