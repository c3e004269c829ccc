"""Hard budgets, held in the database however many processes spend from them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from llm import periods
from llm.budgets import BudgetSpec, Charge
from llm.call import Call, Clock
from llm.connection import OwnConnection
from llm.errors import BudgetExceeded, Limit, Unavailable, UnpricedModel
from llm.ledger.charging import charges
from llm.ledger.clerk import Clerk
from llm.ledger.orders import Order, Verdict
from llm.prices import dollars

PATIENCE = 2.0
"""Seconds that a call waits for its budgets."""

PERIODS = {"day": "this day", "week": "this week", "month": "this month", "total": "all time"}


class DatabaseLedger:
    """One for each process, for all its event loops. `journal` names the folder that vouches for its calls now; empty
    where none does."""

    def __init__(
        self, journal: Callable[[], str], clock: Clock, *, alias: str = "default", patience: float = PATIENCE
    ) -> None:
        self._journal, self._clock, self._patience = journal, clock, patience
        self.clerk = Clerk(OwnConnection(alias), clock)

    def close(self) -> None:
        self.clerk.close()

    async def cover(self, call: Call, amount: int | None) -> None:
        if not call.caller.budgets:
            return
        record = call.record
        budgets = {budget.id: budget for budget in call.caller.budgets}
        record.charges = record.charges or charges(budgets.values(), record)
        hard = [charge for charge in record.charges if budgets[charge.budget_id].hard]
        if not hard:
            return
        if amount is None:
            raise UnpricedModel(
                f"What a call of {record.model} may cost is not known, so no hard budget can hold it.",
                hint="Ask for a model whose routes have prices.",
            )
        held = record.reserved or 0
        if record.reserved is not None and amount <= held:
            return
        record.reserved = held  # from now on its settlement looks for what it may hold unawares
        verdict = await self._verdict(call, hard, amount, held)
        if verdict.charge is not None:
            call.headers |= _headers(verdict, verdict.charge)
        if not verdict.granted and verdict.charge is not None:
            if not held:  # there is nothing to settle, so that a flood of refusals may share its rows
                record.charges, record.reserved = [], None
            raise self._exceeded(budgets[verdict.charge.budget_id], verdict.charge, verdict, amount)

    async def _verdict(self, call: Call, hard: list[Charge], amount: int, held: int) -> Verdict:
        if self.clerk.is_stuck:
            raise _away()
        waiter: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()
        order = Order(call.id, self._journal(), hard, amount, held, waiter)
        self.clerk.take(order)
        try:
            async with asyncio.timeout(self._patience):
                verdict = await waiter
        except TimeoutError:
            verdict = self.clerk.withdraw(order)
        except asyncio.CancelledError:
            _note(call, hard, amount, self.clerk.withdraw(order))
            raise
        if verdict is None:
            raise _away()
        _note(call, hard, amount, verdict)
        return verdict

    def _exceeded(self, budget: BudgetSpec, charge: Charge, verdict: Verdict, amount: int) -> BudgetExceeded:
        most, used = _dollars(verdict.amount), _dollars(verdict.used)
        resets = f"The budget {periods.resets(charge.ends_at, budget.time_zone)}."
        left = charge.ends_at - self._clock.now() if charge.ends_at else None
        alone = " This call alone may cost more than all of it: lower max_tokens." if amount > verdict.amount else ""
        return BudgetExceeded(
            f"This call may cost up to ${_dollars(amount)}, and of the {budget.scope}'s budget of ${most} for "
            f"{PERIODS[budget.period]} ${used} are spent or set aside.",
            hint=resets + alone,
            retry_after=None if left is None else max(left.total_seconds(), 0.0),
            limit=Limit(f"budget_{budget.period}", budget.scope, used, most, charge.ends_at),
        )


def _away() -> Unavailable:
    return Unavailable(
        "The gateway's own database does not answer, so this call's budget cannot be checked.",
        hint="Try again shortly; calls without a hard budget go on.",
        retry_after=PATIENCE,
    )


def _note(call: Call, hard: list[Charge], amount: int, verdict: Verdict | None) -> None:
    if verdict is not None and verdict.granted:
        call.record.reserved = amount
        for charge in hard:
            charge.reserved = amount


def _headers(verdict: Verdict, charge: Charge) -> dict[str, str]:
    """Of the budget with the least left."""
    headers = {
        "x-gatehouse-budget-limit": _dollars(verdict.amount),
        "x-gatehouse-budget-remaining": _dollars(max(verdict.amount - verdict.used, 0)),
    }
    return headers | ({"x-gatehouse-budget-reset": _instant(charge.ends_at)} if charge.ends_at else {})


def _dollars(amount: int) -> str:
    return dollars(amount) or "0"


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
