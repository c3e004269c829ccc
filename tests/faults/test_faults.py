"""Every fault of a vendor comes to what `docs/reference/faults.md` says, and none of them multiplies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults import house
from tests.faults.asking import Outcome, outcomes
from tests.faults.faults import FAULTS
from tests.faults.house import SPARE, Case
from tests.faults.table import told, written
from tests.upstream.naming import parse
from tests.upstream.words import WORDS

pytestmark = pytest.mark.alone  # vendors' words are counted until a time is up

MEND = "run `python -m tests.faults --write`, read what changed, and commit it if it is meant"
SLACK = 10.0
"""Seconds that everything else may take, on a machine that others use too; no vendor asks for less than 30 s where it
asks for more than it gets."""
NO_FAULTS = {
    *("one-write", "no-blank-line", "utf8-split", "slow-body-{time}", "drip", "gate", "gate-first", "gate-body"),
    *("status-{code}-echo-key", "status-{code}-echo-text"),
}
"""Words about bytes that leave an answer a good one, or wait for the test, or are about what an error gives away."""


@dataclass(frozen=True)
class Told:
    outcomes: list[Outcome]
    paths: set[str]
    log: str


@pytest.fixture(scope="module")
def asked() -> Iterator[Told]:
    with house.opened() as (gateway, upstream):
        yield Told(outcomes(gateway, upstream), set(upstream.paths), gateway.log.read_text())


def test_every_fault_comes_to_what_is_written(asked: Told) -> None:
    found, known = told(asked.outcomes).splitlines(), written().splitlines()

    assert [row for row in known if row not in found] == [], f"written and not so: {MEND}"
    assert [row for row in found if row not in known] == [], f"so and not written: {MEND}"


def test_no_try_multiplies_on_its_way(asked: Told) -> None:
    for outcome in asked.outcomes:
        spare = outcome.asked[SPARE]
        assert outcome.tries <= 1 + outcome.case.patience["retries"], outcome
        assert outcome.arrived in (0, outcome.tries), outcome
        assert outcome.asked.total() == outcome.arrived + spare, outcome
        assert len(outcome.made) == outcome.tries + spare, outcome
        assert outcome.row["retries"] == outcome.tries - 1, outcome


def test_the_books_say_what_the_client_saw(asked: Told) -> None:
    for outcome in asked.outcomes:
        row, seen = outcome.row, outcome.seen
        expected = "ok" if seen.code is None else "incomplete" if seen.status == 200 else "error"
        assert (row["status"], row["error_code"]) == (expected, seen.code), outcome
        assert expected == "incomplete" or row["http_status"] == seen.status, outcome


def test_what_failed_before_its_first_word_costs_nothing_and_all_else_does(asked: Told) -> None:
    for outcome in asked.outcomes:
        row = outcome.row
        assert (row["cost"] > 0) == (row["total_tokens"] > 0) == (row["status"] != "error"), outcome


def test_a_second_route_is_asked_once_and_only_before_the_first_word(asked: Told) -> None:
    alone = {outcome.case: outcome for outcome in asked.outcomes}
    for outcome in asked.outcomes:
        case, spare = outcome.case, outcome.asked[SPARE]
        assert spare == outcome.row["fallback_used"], outcome
        if case.spared:
            first = alone[Case(case.fault, case.vendor, case.streamed)]
            assert outcome.tries <= first.tries, outcome
            assert not spare or (first.row["status"], outcome.row["status"]) == ("error", "ok"), outcome


def test_waiting_ends_with_the_time_outs_and_no_vendor_prolongs_it(asked: Told) -> None:
    for outcome in asked.outcomes:
        patience = outcome.case.patience
        most = (1 + patience["retries"]) * patience["timeout"] if outcome.case.fault.slow else 0.0
        assert outcome.row["latency_ms"] / 1000 < most + SLACK, outcome


def test_nobody_is_redirected(asked: Told) -> None:
    assert not any("redirected" in path for path in asked.paths)


def test_no_fault_of_a_vendor_is_one_of_ours(asked: Told) -> None:
    assert not re.search("Traceback|ERROR|CRITICAL", asked.log), asked.log


def test_whatever_the_fake_vendor_can_do_wrong_has_its_row() -> None:
    used = {use.word.template for faults in FAULTS.values() for fault in faults for use in parse(fault.words)}
    wrong = {word.template for word in WORDS if word.stage in ("reply", "delivery")}

    assert wrong - used == NO_FAULTS
