"""What calls ask the ledger for, and what it says: decided many at a time, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from llm.budgets import Charge
from llm.ledger.books import Alert, Books, Key, Window, key

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, frozen=True)
class Verdict:
    """`charge` is the budget that decides: of a grant the one with the least left, of a refusal the one that resets
    last; None where every budget is gone. `used` is spent or set aside there, out of `amount`."""

    granted: bool
    charge: Charge | None = None
    amount: int = 0
    used: int = 0


@dataclass(slots=True, eq=False)
class Order:
    """To have `amount` set aside in all in each window of `charges`, where `held` is already."""

    call: UUID
    journal: str
    charges: Sequence[Charge]
    amount: int
    held: int
    waiter: asyncio.Future[Verdict | None]
    verdict: Verdict | None = None
    withdrawn: bool = False
    """Nobody waits for it any more."""


def decide(
    books: Books, orders: Sequence[Order], undone: Sequence[Order], now: datetime
) -> tuple[list[Verdict], list[Alert]]:
    """One verdict for each order; what `undone` ones may have been granted is given back first. And what there is to
    tell once this is committed."""
    windows = books.lock([charge for order in (*undone, *orders) for charge in order.charges])
    held = books.held(books.among("call", {order.call for order in (*undone, *orders)}))
    before = dict(held)
    for order in undone:
        for window in _windows(order, windows):
            if held.get((order.call, window.id)) == order.amount:
                _set(held, order, window, order.held)
    verdicts = [_judge(order, windows, held) for order in orders]
    changed = {spot: amount for spot, amount in held.items() if before.get(spot, 0) != amount}
    books.hold(changed, {order.call: order.journal for order in (*undone, *orders)}, now)
    return verdicts, books.write(windows.values())


def _judge(order: Order, windows: dict[Key, Window], held: dict[tuple[UUID, int], int]) -> Verdict:
    """All of its budgets have room for it, or nothing is set aside in any."""
    if order.held and not any((order.call, window.id) in held for window in _windows(order, windows)):
        return Verdict(False)  # its call has left and is settled: nobody would ever give this back
    bounding = [(charge, window) for charge in order.charges if (window := windows.get(key(charge))) and window.hard]
    full = [one for one in bounding if _left(one[1]) < order.amount - held.get((order.call, one[1].id), 0)]
    if full:
        for _, window in full if not order.held else ():  # a call that goes on with what it has was not refused
            window.refuse(order.amount)
        return _said(False, max(full, key=lambda one: one[0].ends_at or NEVER))
    for window in _windows(order, windows):
        _set(held, order, window, order.amount)
    return _said(True, min(bounding, key=lambda one: _left(one[1]), default=None))


def _windows(order: Order, windows: dict[Key, Window]) -> list[Window]:
    return [windows[key(charge)] for charge in order.charges if key(charge) in windows]


def _set(held: dict[tuple[UUID, int], int], order: Order, window: Window, amount: int) -> None:
    window.reserved += amount - held.get((order.call, window.id), 0)
    held[order.call, window.id] = amount


def _left(window: Window) -> int:
    return window.amount - window.spent - window.reserved


def _said(granted: bool, deciding: tuple[Charge, Window] | None) -> Verdict:
    if deciding is None:
        return Verdict(granted)
    charge, window = deciding
    return Verdict(granted, charge, window.amount, window.spent + window.reserved)
