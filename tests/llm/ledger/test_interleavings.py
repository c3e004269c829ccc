"""Whatever happens in whatever order: no budget is overspent, nothing stays set aside, and what is spent is what the
rows cost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.models import RequestBody, RequestLog
from llm.call import Call
from llm.models import Budget, BudgetWindow, Reservation
from tests.llm.ledger.conftest import DOLLAR, Firm, Till
from tests.llm.ledger.test_sweep import Process

CENTS = st.integers(1, 60)
PICK = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("reserve"), CENTS),
    st.tuples(st.just("at once"), CENTS),
    st.tuples(st.just("leave"), CENTS),
    st.tuples(st.just("top up"), PICK, CENTS),
    st.tuples(st.just("depart"), PICK),
    st.tuples(st.just("finish"), PICK),
    st.tuples(st.just("settle"), PICK),
    st.tuples(st.just("settle again"), PICK),
    st.tuples(st.just("crash")),
    st.tuples(st.just("sweep")),
)


class Town:
    """Two processes that spend one key's budgets. Times and journals are real, and so are the deaths but one's own."""

    def __init__(self, firm: Firm, folder: Path) -> None:
        self.firm, self.folder = firm, folder
        self.tills = [Till(firm.alias), Till(firm.alias)]
        self.processes = [Process(folder, till) for till in self.tills]
        self.turn = 0
        self.open: list[tuple[int, Call]] = []
        self.departed: set[int] = set()
        self.finished: list[tuple[int, Call]] = []
        self.done: list[Call] = []

    def run(self, step: tuple[Any, ...]) -> None:
        what, *how = step
        getattr(self, what.replace(" ", "_"))(*how)
        self.turn = 1 - self.turn
        for spent, reserved in self.firm.windows().values():
            assert spent + reserved <= 1.0000001

    def reserve(self, cents: int) -> None:
        self._ask([cents])

    def at_once(self, cents: int) -> None:
        self._ask([cents] * 3)

    def _ask(self, wanted: list[int]) -> None:
        till = self.tills[self.turn]
        calls = [till.call(self.firm.caller) for _ in wanted]

        async def all_of_them() -> list[bool]:
            return await asyncio.gather(
                *(till.cover(call, cents / 100) for call, cents in zip(calls, wanted, strict=True))
            )

        granted = asyncio.run(all_of_them())
        self.open += [(self.turn, call) for call, is_granted in zip(calls, granted, strict=True) if is_granted]

    def leave(self, cents: int) -> None:
        """Cancelled at whatever moment it comes to; its record is settled as that of any call."""
        till = self.tills[self.turn]
        call = till.call(self.firm.caller)
        asyncio.run(cancelled(till.cover(call, cents / 100), after=cents % 4))
        self.finished.append((self.turn, call))

    def top_up(self, pick: int, cents: int) -> None:
        for turn, call in self.open[pick : pick + 1]:
            asyncio.run(self.tills[turn].cover(call, cents / 100))

    def depart(self, pick: int) -> None:
        for turn, call in self.open[pick : pick + 1]:
            self.departed.add(id(call))
            self.processes[turn].depart(call)

    def finish(self, pick: int) -> None:
        for turn, call in self.open[pick : pick + 1]:
            del self.open[pick]
            departed = id(call) in self.departed
            self.processes[turn].finish(call, (call.record.reserved or 0) / DOLLAR / 2 if departed else 0)
            self.finished.append((turn, call))

    def settle(self, pick: int) -> None:
        for turn, call in self.finished[pick : pick + 1]:
            del self.finished[pick]
            self._settle(turn, call)

    def _settle(self, turn: int, call: Call) -> None:
        self.tills[turn].settle(call, cost=(call.record.cost or 0) / DOLLAR)
        self.done.append(call)

    def settle_again(self, pick: int) -> None:
        for call in self.done[pick : pick + 1]:
            self.tills[self.turn].settle(call, cost=(call.record.cost or 0) / DOLLAR)

    def crash(self) -> None:
        """What it had in memory is gone; its journal is there, and its name is another's never."""
        self.processes[self.turn].die()
        self.tills[self.turn].close()
        for kept in (self.open, self.finished):
            kept[:] = [(turn, call) for turn, call in kept if turn != self.turn]
        self.tills[self.turn] = Till(self.firm.alias)
        self.processes[self.turn] = Process(self.folder, self.tills[self.turn])

    def sweep(self) -> None:
        self.processes[self.turn].recover()

    def close(self) -> None:
        """Everything comes to its end: one process dies, the other stops as it should."""
        self.turn = 0
        self.crash()
        while self.open:
            self.depart(0)
            self.finish(0)
        for turn, call in self.finished:
            self._settle(turn, call)
        for till in self.tills:
            till.ledger.close()
        self.sweep()
        for process in self.processes:
            process.die()
        for till in self.tills:
            till.close()


async def cancelled(asking: Coroutine[Any, Any, bool], *, after: int) -> None:
    task = asyncio.create_task(asking)
    for _ in range(after):
        await asyncio.sleep(0.0005)
    task.cancel()
    await asyncio.wait([task])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=3, max_size=25))
def test_the_books_balance(firm: Firm, steps: list[tuple[Any, ...]]) -> None:
    clear(firm.alias)
    firm.budget(1)
    firm.budget(0.8, scope="organisation", period="total")
    firm.budget(0.1, scope="team", hard=False)
    with TemporaryDirectory() as folder:
        town = Town(firm, Path(folder))
        for step in steps:
            town.run(step)
        town.close()
    assert firm.reservations() == 0
    for spent, reserved in firm.windows().values():
        assert reserved == 0
        assert spent == pytest.approx(firm.cost())


def clear(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        for model in (Reservation, BudgetWindow, Budget, RequestBody, RequestLog):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
