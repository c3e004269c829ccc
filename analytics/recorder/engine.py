"""The seam between the recorder's statements and a kind of database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from analytics.models import RequestBody, RequestLog
from analytics.recorder import rows
from analytics.recorder.backlog import Entry
from llm.call import Record
from llm.ledger.books import Alert
from llm.ledger.charging import is_charged

LOG, BODY = RequestLog._meta.db_table, RequestBody._meta.db_table
LOG_COLUMNS, BODY_COLUMNS = ", ".join(rows.COLUMNS), ", ".join(rows.BODY_COLUMNS)


class Engine(Protocol):
    """The methods raise the driver's own errors."""

    def insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> list[Alert]:
        """All of them in one transaction; rows that are there already stay as they are, and what they cost is spent
        already too."""

    def known(self, wrapper: BaseDatabaseWrapper, identities: Sequence[UUID]) -> set[UUID]:
        """Those of `identities` that have a row."""


def charged(entries: Sequence[Entry]) -> dict[UUID, Record]:
    """The records that the ledger must hear of, once each."""
    return {entry.record.id: entry.record for entry in reversed(entries) if is_charged(entry.record)}
