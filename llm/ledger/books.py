"""The ledger's statements: windows under lock and what is set aside in them, on PostgreSQL and SQLite alike."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from llm.budgets import Charge
from llm.models import Budget, BudgetWindow, Reservation

MOST = 2**63 - 1
WHOLE = 100
"""Percent of a budget at which it is used up."""
WINDOW, BUDGET, RESERVATION = (model._meta.db_table for model in (BudgetWindow, Budget, Reservation))
WINDOWS = (
    "SELECT w.id, w.budget_id, w.value, w.starts_at, w.spent, w.reserved, w.alerted, w.exceeded,"  # noqa: S608 - names of tables
    " b.amount, b.hard, b.alert_at"
    f" FROM {WINDOW} w JOIN {BUDGET} b ON b.id = w.budget_id WHERE {{}} ORDER BY w.id"
)
OPEN = (
    f"INSERT INTO {WINDOW} (budget_id, value, starts_at, spent, reserved, alerted, exceeded)"  # noqa: S608 - names of tables
    f" SELECT %s, %s, %s, 0, 0, 0, false WHERE EXISTS (SELECT 1 FROM {BUDGET} WHERE id = %s{{}})"
    " ON CONFLICT DO NOTHING"
)
MOVE = f"UPDATE {WINDOW} SET spent = %s, reserved = %s, alerted = %s, exceeded = %s WHERE id = %s"  # noqa: S608 - a table's name
HOLD = (
    f"INSERT INTO {RESERVATION} (call, window_id, amount, journal, made_at) VALUES (%s, %s, %s, %s, %s)"  # noqa: S608 - a table's name
    " ON CONFLICT (call, window_id) DO UPDATE SET amount = excluded.amount"
)
HELD = f"SELECT call, window_id, amount FROM {RESERVATION} WHERE {{}}"  # noqa: S608 - a table's name
DROP = f"DELETE FROM {RESERVATION} WHERE {{}} RETURNING call, window_id, amount"  # noqa: S608 - a table's name

Key = tuple[int, str, datetime]
Condition = tuple[str, list[Any]]


@dataclass(slots=True)
class Window:
    """A row under lock, with what its budget says now. What is changed of it is written back by `Books.write`."""

    id: int
    key: Key
    spent: int
    reserved: int
    alerted: int
    exceeded: bool
    amount: int
    hard: bool
    alert_at: list[int]
    is_used_up: bool = False
    _was: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._was = self.row

    @property
    def row(self) -> tuple[int, ...]:
        """What is kept of it."""
        return _within(self.spent), _within(self.reserved), self.alerted, self.exceeded

    @property
    def has_changed(self) -> bool:
        return self.row != self._was

    def refuse(self, amount: int) -> None:
        """It is used up where what is spent, and not what others have set aside for the moment, leaves no room for a
        call that the whole budget would have held."""
        self.is_used_up = self.is_used_up or amount <= self.amount < self.spent + amount

    def news(self) -> list[Alert]:
        """What somebody is to be told of it, and will not be told again."""
        reached = self.spent * 100 // self.amount
        shares = sorted(share for share in self.alert_at if self.alerted < share <= reached and share != WHOLE)
        self.alerted = max([self.alerted, *shares])
        told = [Alert(self.id, share) for share in shares]
        if (self.is_used_up or reached >= WHOLE) and not self.exceeded:
            self.exceeded = True
            told.append(Alert(self.id, None))
        return told


@dataclass(slots=True, frozen=True)
class Alert:
    """What is spent in a window has reached `share` percent of its budget; None: it is used up."""

    window_id: int
    share: int | None


def key(charge: Charge) -> Key:
    return charge.budget_id, charge.value, charge.starts_at


class Books:
    """For one transaction. Windows are locked in the order of their ids, and before anything is read of reservations,
    so that nobody waits in a circle and nobody sees half of what another does."""

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self._cursor = wrapper.cursor()
        self._server = wrapper.vendor == "postgresql"

    def lock(self, charges: Iterable[Charge]) -> dict[Key, Window]:
        """The windows of `charges`; missing ones are made, but for those whose budget is gone."""
        wanted = {key(charge) for charge in charges}
        found = self._lock_keys(wanted)
        if missing := sorted(wanted - found.keys()):
            statement = OPEN.format(" FOR KEY SHARE" if self._server else "")
            self._cursor.executemany(statement, [self._given([*one, one[0]]) for one in missing])
            found = self._lock_keys(wanted)
        return {one: found[one] for one in wanted if one in found}

    def lock_of(self, condition: Condition) -> dict[int, Window]:
        """The windows of the reservations that `condition` holds for, by id."""
        found = {window for _, window in self.held(condition)}
        windows = self._lock_where(self.among("w.id", found)) if found else []
        return {window.id: window for window in windows}

    def held(self, condition: Condition) -> dict[tuple[UUID, int], int]:
        """What is set aside, by call and window."""
        return self._reservations(HELD, condition)

    def drop(self, condition: Condition) -> dict[tuple[UUID, int], int]:
        """What was set aside and is no more."""
        return self._reservations(DROP, condition)

    def hold(self, held: dict[tuple[UUID, int], int], journals: dict[UUID, str], now: datetime) -> None:
        """Have so much set aside in all, by call and window; 0 is no reservation."""
        rows = [(call, window, amount, journals[call], now) for (call, window), amount in sorted(held.items())]
        if kept := [self._given(row) for row in rows if row[2]]:
            self._cursor.executemany(HOLD, kept)
        for row in rows:
            if not row[2]:
                self.drop(("call = %s AND window_id = %s", [row[0], row[1]]))

    def write(self, windows: Iterable[Window]) -> list[Alert]:
        """What has changed of them. What somebody is to be told once this is committed."""
        known = sorted(windows, key=lambda window: window.id)
        news = [alert for window in known for alert in window.news()]
        if changed := [(*window.row, window.id) for window in known if window.has_changed]:
            self._cursor.executemany(MOVE, changed)
        return news

    def among(self, column: str, values: Collection[Any]) -> Condition:
        """One statement, and one parameter, however many they are."""
        if self._server:
            return f"{column} = ANY(%s)", [list(values)]
        return f"{column} IN (SELECT value FROM json_each(%s))", [json.dumps(self._given(values))]  # noqa: S608 - a column's name

    def _lock_keys(self, keys: Collection[Key]) -> dict[Key, Window]:
        """Perhaps some more than these: every value at every instant."""
        if not keys:
            return {}
        budgets, values, instants = (set(part) for part in zip(*keys, strict=True))
        parts = [
            self.among("w.budget_id", budgets),
            self.among("w.value", values),
            self.among("w.starts_at", instants),
        ]
        condition = " AND ".join(sql for sql, _ in parts), [given for _, given in parts for given in given]
        return {window.key: window for window in self._lock_where(condition)}

    def _lock_where(self, condition: Condition) -> list[Window]:
        sql, given = condition
        self._cursor.execute(WINDOWS.format(sql) + (" FOR UPDATE OF w" if self._server else ""), given)
        return [_window(*row) for row in self._cursor.fetchall()]

    def _reservations(self, statement: str, condition: Condition) -> dict[tuple[UUID, int], int]:
        sql, given = condition
        self._cursor.execute(statement.format(sql), self._given(given))
        return {(UUID(str(call)), window): amount for call, window, amount in self._cursor.fetchall()}

    def _given(self, values: Iterable[Any]) -> Sequence[Any]:
        """As the driver takes them: SQLite has neither ids nor instants of its own."""
        return list(values) if self._server else [_plain(value) for value in values]


def _window(id: int, budget: int, value: str, starts_at: Any, *told: Any) -> Window:
    spent, reserved, alerted, exceeded, amount, hard, shares = told
    key = budget, value, _instant(starts_at)
    return Window(id, key, spent, reserved, alerted, bool(exceeded), amount, bool(hard), json.loads(shares))


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return value.hex
        case datetime():
            return str(value.astimezone(UTC).replace(tzinfo=None))
    return value


def _instant(value: Any) -> datetime:
    found: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _within(amount: int) -> int:
    """Money that does not fit its column must not keep a row out of the log."""
    return min(max(amount, 0), MOST)
