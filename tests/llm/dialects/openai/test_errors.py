"""Errors as clients of this dialect read them."""

from __future__ import annotations

from datetime import UTC, datetime

from llm.dialects import openai
from llm.errors import ContextTooLong, InvalidField, Limit, ProviderAuth, RateLimited


def test_clients_see_a_wrong_field_as_a_bad_request() -> None:
    error = InvalidField("n: got 9, wanted a whole number from 1 to 8.", param="n")

    assert openai.render_error(error, "gen_1") == (
        400,
        {
            "error": {
                "type": "invalid_request",
                "code": "invalid_field",
                "message": "n: got 9, wanted a whole number from 1 to 8.",
                "param": "n",
                "source": "gateway",
                "hint": None,
                "request_id": "gen_1",
                "retry_after": None,
                "limit": None,
            }
        },
    )
    assert openai.render_error(ContextTooLong("Too long."), "gen_1")[0] == 400


def test_other_statuses_stay() -> None:
    assert openai.render_error(ProviderAuth("No."), "gen_1")[0] == 502


def test_a_limit_is_told_with_the_time_it_ends() -> None:
    limit = Limit("requests_per_minute", "key", 60, 60, datetime(2026, 11, 20, 12, tzinfo=UTC))
    error = openai.render_error(RateLimited("Slow down.", retry_after=30, limit=limit), "gen_1")[1]["error"]

    assert error["retry_after"] == 30
    assert error["limit"] == {
        "name": "requests_per_minute",
        "scope": "key",
        "used": 60,
        "max": 60,
        "resets_at": "2026-11-20T12:00:00Z",
    }
