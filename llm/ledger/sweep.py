"""What nobody will settle any more: reservations of processes that are dead, and of journals that are lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.backends.base.base import BaseDatabaseWrapper

from llm.connection import transaction
from llm.ledger.books import Alert, Books, Condition

SAFE_AGE = timedelta(minutes=20)
"""Twice the longest that a call may take."""


def release(wrapper: BaseDatabaseWrapper, journal: str) -> list[Alert]:
    """Of a dead process whose journal is in the log: its other calls were killed before they left for a provider."""
    return _sweep(wrapper, ("journal = %s", [journal]), spends=False)


def expire(wrapper: BaseDatabaseWrapper, now: datetime) -> list[Alert]:
    """What is older than any call can be is spent in full: nobody knows what it came to. Should its record come after
    all, `settle` makes the difference good."""
    return _sweep(wrapper, ("made_at < %s", [now - SAFE_AGE]), spends=True)


def _sweep(wrapper: BaseDatabaseWrapper, condition: Condition, *, spends: bool) -> list[Alert]:
    with transaction(wrapper):
        books = Books(wrapper)
        windows = books.lock_of(condition)
        if not windows:
            return []
        window_id, ids = books.among("window_id", windows)
        for (_, window), amount in books.drop((f"{condition[0]} AND {window_id}", condition[1] + ids)).items():
            windows[window].reserved -= amount
            windows[window].spent += amount if spends else 0
        return books.write(windows.values())
