"""Which budgets a call falls under, and in which window of each."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from llm import periods
from llm.budgets import BudgetSpec, Charge
from llm.call import Record

LONGEST_VALUE = 300


def charges(budgets: Iterable[BudgetSpec], record: Record) -> list[Charge]:
    """Those of `record`, in the windows that its call began in."""
    found = []
    for budget in budgets:
        value = _value(budget, record)
        if value is not None:
            window = periods.window(budget.period, record.created_at, budget.time_zone)
            found.append(Charge(budget.id, value, window.starts_at, window.ends_at))
    return found


def _value(budget: BudgetSpec, record: Record) -> str | None:
    """What tells the call's window apart from others of this budget; None where the call is none of its business."""
    match budget.scope:
        case "user":
            wanted, found = budget.match, record.user_id
        case "tag":
            name, _, wanted = budget.match.partition("=")
            found = record.tags.get(name)
        case _:
            return ""
    if wanted == "*":
        return _storable(found) if found else None
    return "" if found == wanted else None


def _storable(value: str) -> str:
    """What no column takes as it is goes by its digest."""
    if len(value) <= LONGEST_VALUE and value.isprintable():
        return value
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def is_charged(record: Record) -> bool:
    """Whether there is something to release or to spend; whoever has asked for money may hold some unawares."""
    return bool(record.charges) and (record.reserved is not None or record.cost != 0)
