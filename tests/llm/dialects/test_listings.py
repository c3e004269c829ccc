"""What vendors say of their models and limits, under their several names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from llm.dialects.listings import LONGEST, Allowance, parse_allowance, parse_models
from llm.errors import ProviderBroken

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ({"object": "list", "data": [{"id": "gpt-4o"}, {"id": "o3"}]}, ("gpt-4o", "o3")),
        ({"models": [{"name": "models/gemini-flash", "displayName": "Flash"}]}, ("gemini-flash",)),
        ([{"id": "a"}, {"no": "name"}, "b"], ("a",)),
        ({"data": []}, ()),
    ],
)
def test_models_are_found_in_every_listing(listing: Any, names: tuple[str, ...]) -> None:
    assert parse_models(listing) == names


@pytest.mark.parametrize("listing", [None, "models", {}, {"data": {}}, 7])
def test_what_lists_nothing_is_broken(listing: Any) -> None:
    with pytest.raises(ProviderBroken):
        parse_models(listing)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("6m0s", 360.0),
        ("8.64s", 8.64),
        ("12ms", 0.012),
        ("30", 30.0),
        ("2026-11-20T12:00:05Z", 5.0),
        (f"{NOW.timestamp() + 5:.0f}", 5.0),
        (f"{NOW.timestamp() * 1000 + 5_000:.0f}", 5.0),
        (f"{NOW.timestamp() - 5:.0f}", 0.0),
        ("soon", None),
        ("nan", None),
        ("1e300", LONGEST),
        ("9" * 400 + "s", LONGEST),
        ("9999-12-31T23:59:59-23:59", LONGEST),
    ],
)
def test_a_reset_is_told_in_seconds(reset: str, seconds: float | None) -> None:
    headers = {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": reset,
    }

    assert parse_allowance(headers, NOW) == Allowance(10, 9, seconds)


def test_anthropic_says_it_in_its_own_headers() -> None:
    headers = {f"anthropic-ratelimit-requests-{word}": value for word, value in (("limit", "50"), ("remaining", "0"))}

    assert parse_allowance(headers, NOW) == Allowance(50, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit-requests": "10"},
        {"x-ratelimit-limit-requests": "many"},
        {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "9" * 5_000},
    ],
)
def test_silence_is_no_limit(headers: dict[str, str]) -> None:
    assert parse_allowance(headers, NOW) is None
