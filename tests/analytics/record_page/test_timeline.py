from __future__ import annotations

from typing import Any

import pytest

from analytics.record_page import timeline
from tests.analytics.logbook import NOON, row


def attempt(provider: str = "openai", outcome: str = "ok", **said: Any) -> dict[str, Any]:
    known = {"model": "m", "upstream_model": "m-1", "error": None, "status": None, "latency_ms": 100.0}
    return {"provider": provider, "outcome": outcome, **known, **said}


def test_bars_stand_one_behind_the_other_in_percent_of_the_call() -> None:
    told = row(NOON, latency_ms=400.0, attempts=[attempt(outcome="error"), attempt(latency_ms=200.0)])

    assert [(bar.place, bar.length) for bar in timeline.bars(told)] == [("0.00%", "25.00%"), ("25.00%", "50.00%")]
    assert timeline.rest(told) == 100.0


def test_where_their_beginning_is_known_bars_stand_there_side_by_side() -> None:
    told = row(
        NOON,
        latency_ms=400.0,
        attempts=[
            attempt(outcome="lost", started_ms=20.0, latency_ms=220.0, queue_ms=20.0, cost=3_000_000),
            attempt("spare", started_ms=120.0, latency_ms=200.0, reason="hedge: nothing from openai for 0.1 s"),
        ],
    )
    lost, won = timeline.bars(told)

    assert [(bar.place, bar.length) for bar in (lost, won)] == [("5.00%", "55.00%"), ("30.00%", "50.00%")]
    assert (lost.then, lost.queued, lost.cost) == ("given up: another was faster", 20.0, "0.000003")
    assert (won.then, won.reason) == ("it answered", "hedge: nothing from openai for 0.1 s")
    assert timeline.rest(told) == 100.0


def test_who_was_passed_by_is_nobody_the_call_went_to() -> None:
    told = row(NOON, attempts=[attempt(outcome="error"), attempt("full", outcome="skipped"), attempt("spare")])

    assert [bar.then for bar in timeline.bars(told)] == ["on to spare, m-1", "passed by", "it answered"]


def test_attempts_longer_than_the_call_are_still_inside() -> None:
    told = row(NOON, latency_ms=0.0, attempts=[attempt(), attempt()])

    assert [(bar.begins, bar.width) for bar in timeline.bars(told)] == [(0.0, 50.0), (50.0, 50.0)]
    assert timeline.rest(told) == 0.0


def test_each_attempt_says_what_went_wrong_and_where_the_call_went() -> None:
    told = row(
        NOON,
        attempts=[
            attempt(outcome="error", error="provider_overloaded", status=503),
            attempt(outcome="error", error="provider_timeout"),
            attempt("spare"),
        ],
    )

    assert [(bar.error, bar.status, bar.then) for bar in timeline.bars(told)] == [
        ("provider_overloaded", "503", "tried again"),
        ("provider_timeout", "", "on to spare, m-1"),
        ("", "", "it answered"),
    ]


@pytest.mark.parametrize("outcome", ["error", "cancelled", "interrupted"])
def test_a_last_attempt_that_did_not_answer_ended_the_call(outcome: str) -> None:
    (bar,) = timeline.bars(row(NOON, attempts=[attempt(outcome=outcome)]))

    assert bar.then == "the call ended with it"


def test_attempts_of_which_little_is_known_are_shown_all_the_same() -> None:
    (bar,) = timeline.bars(row(NOON, attempts=[{"latency_ms": None}]))

    assert (bar.number, bar.provider, bar.place) == (1, "", "0.00%")
