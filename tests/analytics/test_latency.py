"""Observed latencies: of late, of real answers, and out of a bounded number of records; alike on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics import latency
from analytics.latency import observed
from analytics.models import RequestLog
from tests.analytics.logbook import NOON, caller, row, write

JUST_BEFORE = NOON - timedelta(minutes=1)


def seen(books: str) -> dict[str, latency.Figures]:
    return observed(RequestLog.objects.using(books).of(caller()), NOON)


def test_each_model_has_its_own_percentiles(books: str) -> None:
    for time in range(1, 101):
        write(books, row(JUST_BEFORE, model="a", latency_ms=time * 10.0, first_token_ms=float(time)))
    write(books, row(JUST_BEFORE, model="b", latency_ms=7.0))

    assert seen(books) == {
        "a": {
            "requests": 100,
            "total": {"p50_ms": 500.0, "p95_ms": 950.0},
            "first_token": {"p50_ms": 50.0, "p95_ms": 95.0},
        },
        "b": {"requests": 1, "total": {"p50_ms": 7.0, "p95_ms": 7.0}, "first_token": None},
    }


def test_only_what_a_provider_answered_of_late_for_this_caller_counts(books: str) -> None:
    write(
        books,
        row(JUST_BEFORE, status="error"),
        row(JUST_BEFORE, cache="hit"),
        row(JUST_BEFORE, model=None),
        row(JUST_BEFORE, key_id=2),
        row(JUST_BEFORE, organisation_id=2),
        row(NOON - timedelta(days=1, seconds=1)),
    )

    assert seen(books) == {}


def test_a_large_log_is_read_no_further_than_a_small_one(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "MOST", 3)
    write(books, *(row(JUST_BEFORE - timedelta(minutes=age), latency_ms=float(age)) for age in range(10)))

    assert seen(books)["gpt-4o-mini"]["requests"] == 3
    assert seen(books)["gpt-4o-mini"]["total"] == {"p50_ms": 1.0, "p95_ms": 2.0}
