"""What a caller may spend, as the core sees it: budgets, and what a call has set aside in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
