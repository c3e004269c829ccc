"""What a caller may spend, as the core sees it: budgets, what a call has set aside in them, and the ledger's seam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from llm.call import Call

BudgetScope = Literal["key", "organisation", "team", "user", "tag"]
Period = Literal["day", "week", "month", "total"]


@dataclass(slots=True, frozen=True)
class BudgetSpec:
    """`amount` in picodollars. `match` is the user, or the tag as `name=value`; `*` gives each value its own budget."""

    id: int
    scope: BudgetScope
    amount: int
    period: Period
    hard: bool = True
    match: str = ""
    time_zone: str = "UTC"


@dataclass(slots=True)
class Charge:
    """One window that a call is charged to in the end, and what it has set aside there (0: a soft budget)."""

    budget_id: int
    value: str
    starts_at: datetime
    ends_at: datetime | None
    reserved: int = 0


class Ledger(Protocol):
    async def cover(self, call: Call, amount: int | None) -> None:
        """Have `amount` picodollars (None: unknown) set aside in all in every hard budget `call` falls under; what it
        holds already counts. Raises BudgetExceeded, UnpricedModel, or Unavailable where the books are out of reach.

        What was set aside is released by the record that the recorder commits. One at a time for each call.
        """


class NoLedger:
    """Everybody may spend what they like."""

    async def cover(self, call: Call, amount: int | None) -> None:
        return None
