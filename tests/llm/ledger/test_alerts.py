"""A share of a budget, and its end, is told of after the commit: once for each window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.models import QuerySet

from llm.ledger.alerts import budget_alert, budget_exceeded
from llm.models import Budget, BudgetWindow
from tests.llm.ledger.conftest import DOLLAR, Firm, Till
from tests.services import wait_until

END = "used up"


class Ear:
    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.heard: list[tuple[str, int | str, float]] = []

    def __call__(self, budget: Budget, window: BudgetWindow, share: int | str = END, **_: Any) -> None:
        committed = BudgetWindow.objects.using(self.alias).get(pk=window.pk)
        self.heard.append((budget.scope, share, committed.spent / DOLLAR))


@pytest.fixture
def ear(books: str) -> Iterator[Ear]:
    made = Ear(books)
    for signal in (budget_alert, budget_exceeded):
        signal.connect(made)
    yield made
    for signal in (budget_alert, budget_exceeded):
        signal.disconnect(made)


async def spend(firm: Firm, till: Till, cost: float) -> None:
    call = till.call(firm.caller)
    assert await till.cover(call, cost)
    till.settle(call, cost=cost)


@pytest.mark.parametrize("hard", [True, False])
async def test_each_share_is_told_of_once(firm: Firm, till: Till, ear: Ear, hard: bool) -> None:
    firm.budget(1, hard=hard, alert_at=[50, 75])
    for _ in range(3):
        await spend(firm, till, 0.25)
    await spend(firm, till, 0)
    assert ear.heard == [("key", 50, 0.5), ("key", 75, 0.75)]


@pytest.mark.parametrize("alert_at", [[], [100]])
@pytest.mark.parametrize("hard", [True, False])
async def test_its_end_is_told_of_once_whatever_it_says_of_shares(
    firm: Firm, till: Till, ear: Ear, hard: bool, alert_at: list[int]
) -> None:
    firm.budget(1, hard=hard, alert_at=alert_at)
    await spend(firm, till, 0.75)
    assert ear.heard == []
    await spend(firm, till, 0.25)
    assert ear.heard == [("key", END, 1)]
    assert await till.cover(till.call(firm.caller), 0.25) is not hard
    assert len(ear.heard) == 1


async def test_a_hard_one_is_used_up_when_it_has_no_room_for_a_call(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[80])
    await spend(firm, till, 0.75)
    for _ in range(3):
        assert not await till.cover(till.call(firm.caller), 0.5)
    assert wait_until(lambda: ear.heard == [("key", END, 0.75)])
    await spend(firm, till, 0.25)
    assert ear.heard[1:] == [("key", 80, 1)]


async def test_what_refuses_a_call_without_being_used_up_is_no_news(firm: Firm, till: Till, ear: Ear) -> None:
    """It is set aside for the moment, the call is larger than the whole, or it goes on with what it has."""
    firm.budget(1, alert_at=[])
    await spend(firm, till, 0.25)
    call = till.call(firm.caller)
    assert await till.cover(call, 0.5)
    assert not await till.cover(till.call(firm.caller), 0.5)
    assert not await till.cover(till.call(firm.caller), 2)
    assert not await till.cover(call, 0.9)
    till.ledger.close()
    assert ear.heard == []


async def test_each_window_has_an_end_of_its_own(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[], scope="user", match="*")
    for user in ("ada", "bob"):
        call = till.call(firm.caller, user=user)
        assert await till.cover(call, 1)
        till.settle(call, cost=1)
    assert ear.heard == [("user", END, 1)] * 2


async def test_a_budget_that_was_made_smaller_tells_of_it_with_the_next_call(firm: Firm, till: Till, ear: Ear) -> None:
    budget = firm.budget(1, alert_at=[50])
    await spend(firm, till, 0.25)
    budget.amount = round(0.4 * DOLLAR)
    budget.save()
    assert await till.cover(till.call(firm.caller), 0.1)
    assert wait_until(lambda: ear.heard == [("key", 50, 0.25)])


async def test_whichever_process_reaches_it(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[50])
    other = Till(firm.alias)
    await spend(firm, till, 0.5)
    await spend(firm, other, 0.25)
    other.close()
    assert ear.heard == [("key", 50, 0.5)]


async def test_two_shares_at_once_are_both_told_of(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, hard=False, alert_at=[120, 80])
    await spend(firm, till, 2)
    assert ear.heard == [("key", 80, 2), ("key", 120, 2), ("key", END, 2)]


async def test_what_is_only_set_aside_alarms_nobody(firm: Firm, till: Till, ear: Ear) -> None:
    firm.budget(1, alert_at=[50])
    call = till.call(firm.caller)
    assert await till.cover(call, 1)
    till.settle(call, cost=0.25)
    assert ear.heard == []


async def test_news_that_nobody_can_hear_end_no_thread(
    firm: Firm, till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("the database is away")

    firm.budget(1, alert_at=[])
    await spend(firm, till, 0.75)
    monkeypatch.setattr(QuerySet, "in_bulk", away)
    monkeypatch.setattr(connections, "close_all", away)
    assert not await till.cover(till.call(firm.caller), 0.5)
    assert wait_until(lambda: "Nobody could be told" in caplog.text)
    assert await till.cover(till.call(firm.caller), 0.25)


async def test_a_dead_process_tells_too(firm: Firm, till: Till, ear: Ear) -> None:
    budget = firm.budget(1, alert_at=[50])
    await spend(firm, till, 0.25)
    assert await till.cover(till.call(firm.caller), 0.1)
    budget.amount = round(0.25 * DOLLAR)
    budget.save()
    till.store.release(till.journal)
    assert ear.heard == [("key", 50, 0.25), ("key", END, 0.25)]


async def test_a_receiver_that_fails_holds_up_nothing(firm: Firm, till: Till, ear: Ear) -> None:
    def fails(**_: Any) -> None:
        raise RuntimeError("no mail today")

    budget_alert.connect(fails)
    firm.budget(1, alert_at=[50])
    await spend(firm, till, 0.75)
    budget_alert.disconnect(fails)
    assert firm.money() == (0.75, 0)
    assert ear.heard == [("key", 50, 0.75)]
