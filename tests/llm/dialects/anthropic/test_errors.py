"""Errors as clients of Anthropic read them."""

from __future__ import annotations

import pytest

from llm.dialects.anthropic import render_error
from llm.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Forbidden,
    GatewayError,
    InvalidField,
    NotFound,
    ProviderBroken,
    ProviderOverloaded,
    ProviderTimeout,
    RateLimited,
    Unauthenticated,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InvalidField("x", param="a"), 400, "invalid_request_error"),
        (Unauthenticated("x"), 401, "authentication_error"),
        (Forbidden("x"), 403, "permission_error"),
        (NotFound("x"), 404, "not_found_error"),
        (BodyTooLarge("x"), 413, "request_too_large"),
        (RateLimited("x"), 429, "rate_limit_error"),
        (GatewayError("x"), 500, "api_error"),
        (ProviderBroken("x"), 502, "api_error"),
        (Unavailable("x"), 503, "overloaded_error"),
        (ProviderOverloaded("x"), 529, "overloaded_error"),
        (ProviderTimeout("x"), 504, "timeout_error"),
        (DeadlineExceeded("x"), 504, "timeout_error"),
    ],
)
def test_each_error_has_its_status_and_type(error: GatewayError, status: int, kind: str) -> None:
    told, body = render_error(error, "gen_1")

    assert (told, body["error"]["type"]) == (status, kind)


def test_our_own_fields_stand_inside_the_envelope() -> None:
    _, body = render_error(InvalidField("a: wrong.", param="a", hint="Mend it."), "gen_1")

    assert (body["type"], body["request_id"]) == ("error", "gen_1")
    assert body["error"] == {
        "type": "invalid_request_error",
        "code": "invalid_field",
        "message": "a: wrong.",
        "param": "a",
        "source": "gateway",
        "hint": "Mend it.",
        "request_id": "gen_1",
        "retry_after": None,
        "limit": None,
    }
