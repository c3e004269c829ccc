"""Somebody is told that a share of a budget is spent: after the commit, once for each window and share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llm.ledger.alerts import budget_alert
from llm.models import Budget, BudgetWindow
from tests.llm.ledger.conftest import DOLLAR, Firm, Till


class Ear:
    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.heard: list[tuple[str, int, float]] = []

    def __call__(self, budget: Budget, window: BudgetWindow, share: int, **_: Any) -> None:
        committed = BudgetWindow.objects.using(self.alias).get(pk=window.pk)
        self.heard.append((budget.scope, share, committed.spent / DOLLAR))


@pytest.fixture
def ear(books: str) -> Iterator[Ear]:
    made = Ear(books)
    budget_alert.connect(made)
    yield made
    budget_alert.disconnect(made)


async def spend(firm: Firm, till: Till, cost: float) -> None:
    call = till.call(firm.caller)
    assert await till.cover(call, cost)
    till.settle(call, cost=cost)


@pytest.mark.parametrize("hard", [True, False])
async def test_each_share_is_told_of_once(firm: Firm, till: Till, ear: Ear, hard: bool) -> None:
    firm.budget(1, hard=hard, alert_at=[50, 100])
    for _ in range(4):
        await spend(firm, till, 0.25)
    assert ear.heard == [("key", 50, 0.5), ("key", 100, 1)]


async def test_whichever_process_reaches_it(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[50])
    other = Till(firm.alias)
    await spend(firm, till, 0.5)
    await spend(firm, other, 0.25)
    other.close()
    assert ear.heard == [("key", 50, 0.5)]


async def test_two_shares_at_once_are_both_told_of(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, hard=False, alert_at=[100, 80])
    await spend(firm, till, 2)
    assert ear.heard == [("key", 80, 2), ("key", 100, 2)]


async def test_what_is_only_set_aside_alarms_nobody(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[50])
    call = till.call(firm.caller)
    assert await till.cover(call, 1)
    till.settle(call, cost=0.25)
    assert ear.heard == []


async def test_a_receiver_that_fails_holds_up_nothing(firm: Firm, till: Till, ear: Ear) -> None:
    def fails(**_: Any) -> None:
        raise RuntimeError("no mail today")

    budget_alert.connect(fails)
    firm.budget(1, alert_at=[50])
    await spend(firm, till, 0.75)
    budget_alert.disconnect(fails)
    assert firm.money() == (0.75, 0)
    assert ear.heard == [("key", 50, 0.75)]
