"""Every form of Retry-After comes out as seconds, and nonsense as nothing."""

from __future__ import annotations

import pytest

from llm.dialects.retry_after import parse_retry_after

NOW = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT", "date": NOW}, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT", "date": NOW}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30", "date": NOW}, 30.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e300"}, 86_400.0),
        ({"retry-after": "Fri, 20 Nov 9999 12:00:30 GMT", "date": NOW}, 86_400.0),
        ({"retry-after": "Fri, 99 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": f"Fri, 20 Nov {10**20} 12:00:30 GMT"}, None),
        ({"retry-after": f"Fri, {10**20} Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_every_form_is_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(headers) == seconds


def test_without_the_vendors_clock_a_date_is_held_against_ours() -> None:
    assert parse_retry_after({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT", "date": "today"}) == 0.0
