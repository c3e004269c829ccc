"""Nothing stays set aside, whenever a process dies and whatever is lost with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.recorder import rows
from analytics.recorder.aside import Aside
from analytics.recorder.journal import Journal, homes
from analytics.recorder.recovery import Recovery
from llm.call import Call
from llm.ledger import sweep
from llm.models import Reservation
from tests.llm.ledger.conftest import DOLLAR, Firm, Till


class Process:
    """One with a journal, to be killed."""

    def __init__(self, folder: Path, till: Till) -> None:
        self.folder, self.till = folder, till
        self.journal = Journal(folder)
        self.journal.open()
        till.journal = self.journal.name

    async def reserve(self, firm: Firm, dollars: float = 0.25) -> Call:
        call = self.till.call(firm.caller)
        assert await self.till.cover(call, dollars)
        return call

    def depart(self, call: Call) -> None:
        self.journal.depart(call.id, rows.encode_departure(call.record))

    def finish(self, call: Call, cost: float) -> None:
        call.record.cost = round(cost * DOLLAR)
        self.journal.finish(call.id, rows.with_charges(rows.encode(call.record), call.record))

    def die(self) -> None:
        self.journal.abandon()

    def recover(self) -> None:
        """As another process does."""
        Recovery(self.folder, self.till.store, Aside(self.folder), lambda records: None).recover_all()


@pytest.fixture
def process(tmp_path: Path, till: Till) -> Process:
    return Process(tmp_path, till)


async def test_killed_before_it_departed_it_never_cost_anything(firm: Firm, process: Process) -> None:
    firm.budget(1)
    await process.reserve(firm)
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0, 0), 0, 0)
    assert homes(process.folder) == []


async def test_killed_under_way_it_cost_what_was_set_aside(firm: Firm, process: Process) -> None:
    firm.budget(1)
    process.depart(await process.reserve(firm))
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0.25, 0), 0, 0.25)


async def test_killed_in_a_top_up_nothing_of_it_stays(firm: Firm, process: Process) -> None:
    firm.budget(1)
    call = await process.reserve(firm, 0.25)
    process.depart(call)
    assert await process.till.cover(call, 0.75)
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0.25, 0), 0, 0.25)


async def test_killed_between_its_end_and_the_commit_it_cost_what_it_cost(firm: Firm, process: Process) -> None:
    firm.budget(1)
    call = await process.reserve(firm)
    process.depart(call)
    process.finish(call, 0.125)
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0.125, 0), 0, 0.125)


async def test_killed_after_the_commit_it_is_not_spent_again(firm: Firm, process: Process) -> None:
    firm.budget(1)
    call = await process.reserve(firm)
    process.depart(call)
    process.finish(call, 0.125)
    process.till.settle(call, cost=0.125)
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0.125, 0), 0, 0.125)


async def test_what_the_living_have_set_aside_is_left_alone(firm: Firm, process: Process, tmp_path: Path) -> None:
    firm.budget(1)
    await process.reserve(firm)
    process.recover()
    assert firm.money() == (0, 0.25)
    process.die()


async def test_a_journal_that_begins_anew_vouches_for_what_comes(firm: Firm, process: Process) -> None:
    firm.budget(1)
    first = process.journal.name
    (process.folder / first / "lock").unlink()
    process.journal.verify()
    assert process.journal.name == ""
    process.journal.open()
    process.till.journal = process.journal.name
    assert process.journal.name not in ("", first)
    process.depart(await process.reserve(firm))
    process.die()
    process.recover()
    assert (firm.money(), firm.reservations()) == ((0.25, 0), 0)


async def test_what_no_journal_knows_of_is_spent_in_full_when_it_is_old_enough(firm: Firm, till: Till) -> None:
    firm.budget(1)
    await till.cover(till.call(firm.caller), 0.25)
    age(firm, sweep.SAFE_AGE - timedelta(minutes=1))
    till.store.expire()
    assert firm.money() == (0, 0.25)
    age(firm, sweep.SAFE_AGE + timedelta(minutes=1))
    till.store.expire()
    assert (firm.money(), firm.reservations()) == ((0.25, 0), 0)


async def test_a_record_that_comes_after_all_makes_it_good(firm: Firm, till: Till) -> None:
    """Of a host that was cut off, say."""
    firm.budget(1)
    call, other = till.call(firm.caller), till.call(firm.caller)
    await till.cover(call, 0.25)
    await till.cover(other, 0.5)
    age(firm, sweep.SAFE_AGE + timedelta(minutes=1))
    till.store.expire()
    till.settle(call, cost=0.125)
    till.settle(other, cost=0)
    assert (firm.money(), firm.reservations(), firm.cost()) == ((0.125, 0), 0, 0.125)


def age(firm: Firm, by: timedelta) -> None:
    Reservation.objects.using(firm.alias).update(made_at=datetime.now(UTC) - by)
