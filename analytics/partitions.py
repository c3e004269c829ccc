"""The months of the log on PostgreSQL: one partition each, made before it is needed or when a row asks for it.

There is no default partition: a month could not be made any more once one of its rows had landed there. On SQLite
there are no partitions, and old rows are deleted one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("analytics_requestlog", "analytics_requestbody")
AHEAD = 2
"""Months made in advance."""

LOCK = 0x6C6F67
"""The advisory lock under which partitions come and go."""

PRESENT = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(%s)"
CREATE = "CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{begin}') TO ('{end}')"


def month_of(instant: datetime) -> date:
    return instant.astimezone(UTC).date().replace(day=1)


def later(month: date, months: int) -> date:
    """The first day of the month that many months on; negative numbers go back."""
    years, index = divmod(month.month - 1 + months, 12)
    return date(month.year + years, index + 1, 1)


def coming(now: datetime) -> list[date]:
    """The month of `now` and those after it that should exist already."""
    return [later(month_of(now), step) for step in range(AHEAD + 1)]


def ensure(connection: BaseDatabaseWrapper, months: Iterable[date]) -> None:
    """Makes the partitions that are missing; looks first, because making one locks the whole table for a moment."""
    if connection.vendor != "postgresql":
        return
    months = list(months)
    with connection.cursor() as cursor:
        for table in filter(lambda table: _exists(cursor, table), TABLES):
            there = present(cursor, table)
            for month in months:
                if (name := f"{table}_{month:%Y_%m}") not in there:
                    bounds = {"begin": _bound(month), "end": _bound(later(month, 1))}
                    _locked(cursor, CREATE.format(name=name, table=table, **bounds))


def drop_before(connection: BaseDatabaseWrapper, table: str, cutoff: datetime) -> list[str]:
    """Drops the partitions of `table` that end at `cutoff` or earlier, and names them."""
    with connection.cursor() as cursor:
        past = [name for name in present(cursor, table) if later(_month(name), 1) <= cutoff.astimezone(UTC).date()]
        for name in past:
            _locked(cursor, f"DROP TABLE IF EXISTS {name}")
    return past


def present(cursor: Any, table: str) -> list[str]:
    """The names of the partitions of `table`, oldest first."""
    cursor.execute(PRESENT, [table])
    return sorted(name for (name,) in cursor.fetchall() if re.fullmatch(rf"{table}_\d{{4}}_\d\d", name))


def ensure_after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    ensure(connections[using], coming(datetime.now(UTC)))


def _exists(cursor: Any, table: str) -> bool:
    """False while migrations have yet to make it, or have taken it away."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    return bool(cursor.fetchone()[0])


def _locked(cursor: Any, statement: str) -> None:
    """Alone among those who do the same, in one implicit transaction; never waits long for the table."""
    cursor.execute(f"SET LOCAL lock_timeout = '5s'; SELECT pg_advisory_xact_lock({LOCK}); {statement}")


def _month(name: str) -> date:
    year, month = name.split("_")[-2:]
    return date(int(year), int(month), 1)


def _bound(month: date) -> str:
    return f"{month:%Y-%m-%d} 00:00:00+00"
