"""A call leaves only with what it may cost set aside in every hard budget it falls under."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from llm import periods
from llm.errors import BudgetExceeded, Unavailable, UnpricedModel
from llm.ledger import DatabaseLedger
from llm.models import BudgetWindow, Reservation
from tests.analytics.conftest import connected
from tests.llm.doubles import CALLER
from tests.llm.ledger.conftest import DOLLAR, JOURNAL, Firm, Till
from tests.services import wait_until


async def test_what_it_may_cost_is_set_aside(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    assert await till.cover(call, 0.4)
    assert firm.money() == (0, 0.4)
    assert call.record.reserved == 0.4 * DOLLAR
    (row,) = Reservation.objects.using(firm.alias).all()
    assert (row.call, row.amount, row.journal) == (call.id, 0.4 * DOLLAR, JOURNAL)


async def test_a_budget_grants_its_last_picodollar_and_not_one_more(firm: Firm, till: Till) -> None:
    firm.budget(1)
    assert await till.cover(till.call(firm.caller), 1)
    assert not await till.cover(till.call(firm.caller), 1 / DOLLAR)
    assert firm.money() == (0, 1)


async def test_a_refusal_says_what_is_used_and_when_it_resets(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    await till.cover(till.call(firm.caller), 0.75)
    with pytest.raises(BudgetExceeded) as refused:
        await till.ledger.cover(call, DOLLAR // 2)
    window = periods.window("month", datetime.now(UTC), "UTC")
    limit = refused.value.limit
    assert limit is not None
    assert (limit.name, limit.scope, limit.used, limit.max) == ("budget_month", "key", "0.75", "1")
    assert limit.resets_at == window.ends_at
    assert window.ends_at is not None
    assert refused.value.retry_after == pytest.approx((window.ends_at - datetime.now(UTC)).total_seconds(), abs=5)
    assert refused.value.hint == f"The budget {periods.resets(window.ends_at, 'UTC')}."
    assert refused.value.message == (
        "This call may cost up to $0.5, and of the key's budget of $1 for this month $0.75 are spent or set aside."
    )
    assert call.headers["x-gatehouse-budget-remaining"] == "0.25"


async def test_a_call_dearer_than_the_whole_budget_is_told_so(firm: Firm, till: Till) -> None:
    firm.budget(1, period="total")
    with pytest.raises(BudgetExceeded, match=r"up to \$2") as refused:
        await till.ledger.cover(till.call(firm.caller), 2 * DOLLAR)
    assert refused.value.hint == (
        "The budget never resets. This call alone may cost more than all of it: lower max_tokens."
    )
    assert refused.value.retry_after is None


async def test_all_of_its_budgets_have_room_or_nothing_is_set_aside(firm: Firm, till: Till) -> None:
    firm.budget(1)
    firm.budget(0.1, scope="team")
    firm.budget(5, scope="organisation")
    with pytest.raises(BudgetExceeded, match="team's"):
        await till.ledger.cover(till.call(firm.caller), DOLLAR // 2)
    assert set(firm.windows().values()) == {(0, 0)}
    assert await till.cover(till.call(firm.caller), 0.1)
    assert set(firm.windows().values()) == {(0, 0.1)}


async def test_each_user_of_a_budget_for_all_has_a_window_of_its_own(firm: Firm, till: Till) -> None:
    firm.budget(1, scope="user", match="*", period="day")
    assert await till.cover(till.call(firm.caller, user="ada"), 0.75)
    assert await till.cover(till.call(firm.caller, user="bob"), 0.75)
    assert not await till.cover(till.call(firm.caller, user="ada"), 0.5)
    assert await till.cover(till.call(firm.caller), 9), "nobody is named, so it is nobody's budget"
    assert firm.windows() == {("user", "ada"): (0, 0.75), ("user", "bob"): (0, 0.75)}


async def test_a_refusal_by_several_names_the_one_that_resets_last(firm: Firm, till: Till) -> None:
    firm.budget(0.1, period="day")
    firm.budget(0.2, scope="organisation", period="total")
    with pytest.raises(BudgetExceeded) as refused:
        await till.ledger.cover(till.call(firm.caller), DOLLAR)
    assert refused.value.limit is not None
    assert (refused.value.limit.name, refused.value.limit.resets_at) == ("budget_total", None)


async def test_the_headers_tell_of_the_budget_with_the_least_left(firm: Firm, till: Till) -> None:
    firm.budget(1)
    firm.budget(0.5, scope="organisation", period="total")
    call = till.call(firm.caller)
    await till.cover(call, 0.25)
    assert call.headers == {"x-gatehouse-budget-limit": "0.5", "x-gatehouse-budget-remaining": "0.25"}
    firm.budget(0.25, period="day")
    call = till.call(firm.caller)
    await till.cover(call, 0.125)
    assert call.headers["x-gatehouse-budget-limit"] == "0.25"
    assert call.headers["x-gatehouse-budget-reset"].endswith("T00:00:00Z")


async def test_a_top_up_adds_to_what_is_there(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    await till.cover(call, 0.25)
    await till.cover(call, 0.75)
    await till.cover(call, 0.5)
    assert firm.money() == (0, 0.75)
    assert not await till.cover(call, 1.25)
    assert firm.money() == (0, 0.75)
    assert [charge.reserved for charge in call.record.charges] == [0.75 * DOLLAR]


async def test_without_a_price_no_hard_budget_can_hold_it(firm: Firm, till: Till) -> None:
    firm.budget(1)
    with pytest.raises(UnpricedModel):
        await till.ledger.cover(till.call(firm.caller), None)


async def test_who_has_soft_budgets_alone_waits_for_nothing(firm: Firm, till: Till) -> None:
    firm.budget(1, hard=False)
    call = till.call(firm.caller)
    assert await till.cover(call, 9)
    assert await till.cover(call, None)
    assert BudgetWindow.objects.using(firm.alias).count() == 0
    assert [charge.reserved for charge in call.record.charges] == [0]


async def test_who_has_no_budget_never_touches_the_books() -> None:
    till = Till("nowhere")
    call = till.call(CALLER)
    assert await till.cover(call, None)
    assert call.record.charges == []
    till.close()


async def test_the_amount_of_now_counts_and_not_the_one_in_memory(firm: Firm, till: Till) -> None:
    budget = firm.budget(1)
    caller = firm.caller
    budget.amount = DOLLAR // 10
    budget.save()
    assert not await till.cover(till.call(caller), 0.5)
    budget.hard = False
    budget.save()
    assert await till.cover(till.call(caller), 0.5)


async def test_a_budget_that_is_gone_bounds_nobody(firm: Firm, till: Till) -> None:
    budget = firm.budget(1)
    first, second = till.call(firm.caller), till.call(firm.caller)
    assert await till.cover(first, 0.5)
    await asyncio.to_thread(budget.delete)
    assert await till.cover(second, 5)
    till.settle(first, second, cost=0.5)
    assert (firm.windows(), firm.reservations()) == ({}, 0)


async def test_many_at_once_are_granted_as_far_as_it_goes(firm: Firm, till: Till) -> None:
    firm.budget(1)
    caller = firm.caller
    others = Till(firm.alias)
    granted = await asyncio.gather(*(one.cover(one.call(caller), 0.05) for _ in range(50) for one in (till, others)))
    others.close()
    assert sum(granted) == 20
    assert firm.money() == (0, 1)


async def test_a_call_is_charged_to_the_month_it_began_in(firm: Firm, till: Till) -> None:
    firm.budget(1)
    await till.cover(till.call(firm.caller), 0.5)
    (window,) = BudgetWindow.objects.using(firm.alias).all()
    expected = periods.window("month", datetime.now(UTC), "UTC")
    assert (window.starts_at, window.ends_at) == (expected.starts_at, expected.ends_at)


async def test_who_leaves_before_the_verdict_has_nothing_set_aside(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    with held_up(firm.alias):
        asking = asyncio.create_task(till.cover(call, 0.5))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait([asking])
    assert nothing_is_reserved(firm)
    assert call.record.reserved == 0


async def test_who_leaves_before_a_top_up_keeps_what_it_had(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    await till.cover(call, 0.25)
    with held_up(firm.alias):
        asking = asyncio.create_task(till.cover(call, 0.5))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait([asking])
    assert wait_until(lambda: firm.money() == (0, 0.25))
    till.settle(call, cost=0.125)
    assert wait_until(lambda: (firm.money(), firm.reservations()) == ((0.125, 0), 0))


async def test_who_is_cancelled_with_the_verdict_under_way_is_settled_by_its_record(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    asking = asyncio.create_task(till.cover(call, 0.5))
    await asyncio.sleep(0)
    assert wait_until(lambda: firm.reservations() == 1)  # this loop, which we hold up, has not heard of it yet
    asking.cancel()
    await asyncio.wait([asking])
    till.settle(call)
    assert nothing_is_reserved(firm)


async def test_slow_books_refuse_those_alone_who_need_them(firm: Firm) -> None:
    firm.budget(1)
    ledger = DatabaseLedger(lambda: JOURNAL, Till(firm.alias).clock, alias=firm.alias, patience=0.1)
    till = Till(firm.alias)
    call = till.call(firm.caller)
    with held_up(firm.alias), pytest.raises(Unavailable) as refused:
        await ledger.cover(call, DOLLAR // 2)
    assert refused.value.retry_after == 2
    assert nothing_is_reserved(firm)
    await ledger.cover(call, DOLLAR // 2)
    till.settle(call)
    ledger.close()
    till.close()
    assert (firm.money(), firm.reservations()) == ((0, 0), 0)


async def test_where_somebody_waits_in_vain_nobody_else_begins_to(firm: Firm, till: Till) -> None:
    firm.budget(1)
    with held_up(firm.alias):
        first = asyncio.create_task(till.cover(till.call(firm.caller), 0.5))
        await asyncio.sleep(0.1)
        till.clock.ahead = timedelta(seconds=1.5)
        with pytest.raises(Unavailable):
            async with asyncio.timeout(1):
                await till.cover(till.call(firm.caller), 0.25)
    assert await first
    assert await till.cover(till.call(firm.caller), 0.25)
    assert firm.reservations() == 2


async def test_books_that_are_away_are_told_at_once(firm: Firm) -> None:
    firm.budget(1)
    with connected("nowhere", "postgres://postgres@127.0.0.1:1/nothing"):
        till = Till("nowhere")
        async with asyncio.timeout(1):
            with pytest.raises(Unavailable):
                await till.ledger.cover(till.call(firm.caller), 1)
        till.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_connection_that_died_unnoticed_is_made_anew(firm: Firm, till: Till) -> None:
    firm.budget(1)
    assert await till.cover(till.call(firm.caller), 0.1)
    with connections[firm.alias].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await till.cover(till.call(firm.caller), 0.1)
    assert firm.money() == (0, 0.2)


def held_up(alias: str) -> transaction.Atomic:
    """Nobody else gets at the windows meanwhile."""
    return Held(alias)


class Held(transaction.Atomic):
    def __init__(self, alias: str) -> None:
        super().__init__(alias, savepoint=False, durable=False)
        self._alias = alias

    def __enter__(self) -> None:
        super().__enter__()
        table = BudgetWindow._meta.db_table
        with connections[self._alias].cursor() as cursor:
            if connections[self._alias].vendor == "postgresql":
                cursor.execute(f"LOCK TABLE {table}")
            else:
                cursor.execute(f"UPDATE {table} SET spent = spent")


def nothing_is_reserved(firm: Firm) -> bool:
    """Before long: the thread gives back what nobody waits for any more."""
    return wait_until(lambda: not firm.reservations() and not any(held for _, held in firm.windows().values()))
