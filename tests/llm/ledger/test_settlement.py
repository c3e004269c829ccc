"""A record's transaction releases what its call had set aside and spends what it cost, once."""

from __future__ import annotations

from pathlib import Path

import orjson

from analytics.models import RequestLog
from analytics.recorder import rows
from analytics.recorder.aside import Aside
from analytics.recorder.floods import Floods
from analytics.recorder.journal import Journal
from analytics.recorder.recovery import Recovery
from llm.call import Call
from llm.models import BudgetWindow
from tests.analytics.records import entry, record, refused
from tests.llm.ledger.conftest import DOLLAR, Firm, Till


async def covered(till: Till, firm: Firm, dollars: float = 0.5) -> Call:
    call = till.call(firm.caller)
    assert await till.cover(call, dollars)
    return call


async def test_what_it_cost_is_spent_and_the_rest_is_free_again(firm: Firm, till: Till) -> None:
    firm.budget(1)
    till.settle(await covered(till, firm), cost=0.125)
    assert (firm.money(), firm.reservations()) == ((0.125, 0), 0)
    assert firm.cost() == 0.125


async def test_what_failed_costs_nothing(firm: Firm, till: Till) -> None:
    firm.budget(1)
    till.settle(await covered(till, firm), cost=0)
    assert (firm.money(), firm.reservations()) == ((0, 0), 0)


async def test_an_unknown_cost_is_spent_as_what_was_set_aside(firm: Firm, till: Till) -> None:
    firm.budget(1)
    till.settle(await covered(till, firm), cost=None)
    assert (firm.money(), firm.reservations()) == ((0.5, 0), 0)


async def test_a_row_that_is_written_twice_is_spent_once(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = await covered(till, firm)
    till.settle(call, call, cost=0.25)
    till.settle(call, cost=0.25)
    assert (firm.money(), firm.reservations()) == ((0.25, 0), 0)


async def test_more_than_was_set_aside_is_spent_all_the_same(firm: Firm, till: Till) -> None:
    firm.budget(1)
    till.settle(await covered(till, firm), cost=1.5)
    assert firm.money() == (1.5, 0)
    assert not await till.cover(till.call(firm.caller), 0.01)


async def test_soft_budgets_are_spent_too_and_refuse_nobody(firm: Firm, till: Till) -> None:
    firm.budget(1, hard=False)
    firm.budget(2, hard=False, scope="organisation", period="total")
    for _ in range(3):
        till.settle(await covered(till, firm, 9), cost=0.5)
    assert set(firm.windows().values()) == {(1.5, 0)}


async def test_each_record_of_a_batch_is_charged_to_its_own_windows(firm: Firm, till: Till) -> None:
    firm.budget(1, scope="user", match="*", hard=False)
    firm.budget(1, scope="tag", match="env=prod", hard=False)
    ada = till.call(firm.caller, user="ada", tags={"env": "prod"})
    bob = till.call(firm.caller, user="bob", tags={"env": "test"})
    for call in (ada, bob):
        assert await till.cover(call, 0.1)
    till.settle(ada, bob, cost=0.25)
    assert firm.windows() == {("user", "ada"): (0.25, 0), ("user", "bob"): (0.25, 0), ("tag", ""): (0.25, 0)}


async def test_a_refused_call_leaves_nothing_to_settle(firm: Firm, till: Till) -> None:
    firm.budget(1)
    call = till.call(firm.caller)
    assert not await till.cover(call, 2)
    assert (call.record.charges, call.record.reserved) == ([], None)


async def test_a_flood_swallows_no_record_that_the_ledger_must_hear_of(firm: Firm, till: Till, tmp_path: Path) -> None:
    firm.budget(1)
    floods = Floods(Journal(tmp_path), lambda: 0)
    for _ in range(20):
        floods.gathers(refused())
    call = await covered(till, firm)
    call.record.status = "refused"
    assert not floods.gathers(call.record)


async def test_what_the_journal_says_settles_as_well(firm: Firm, till: Till, tmp_path: Path) -> None:
    firm.budget(1)
    departed, finished = await covered(till, firm, 0.25), await covered(till, firm, 0.25)
    journal = Journal(tmp_path)
    for call in (departed, finished):
        journal.depart(call.id, rows.encode_departure(call.record))
    finished.record.cost = DOLLAR // 8
    journal.finish(finished.id, rows.with_charges(rows.encode(finished.record), finished.record))
    journal.abandon()
    Recovery(tmp_path, till.store, Aside(tmp_path), lambda records: None).recover_all()
    assert (firm.money(), firm.reservations()) == ((0.375, 0), 0)
    assert firm.cost() == 0.375


def test_the_row_itself_knows_nothing_of_charges() -> None:
    said = record(reserved=5)
    assert rows.with_charges(rows.encode(said), said) == rows.encode(said)
    assert "reserved" not in orjson.loads(rows.encode(said))


async def test_money_beyond_its_column_keeps_no_row_out_of_the_log(firm: Firm, till: Till) -> None:
    firm.budget(1, hard=False)
    call = await covered(till, firm)
    BudgetWindow.objects.using(firm.alias).all().delete()
    till.settle(call, cost=9_000_000)
    till.settle(await covered(till, firm), cost=9_000_000)
    assert firm.money() == ((2**63 - 1) / DOLLAR, 0)
    assert RequestLog.objects.using(firm.alias).count() == 2


async def test_a_record_without_charges_is_written_as_ever(firm: Firm, till: Till) -> None:
    till.store.insert([entry(record(cost=DOLLAR))])
    assert (firm.windows(), firm.cost()) == ({}, 1)
