"""The seam between the recorder's statements and a kind of database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from analytics.models import RequestBody, RequestLog
from analytics.recorder import rows
from analytics.recorder.backlog import Entry

LOG, BODY = RequestLog._meta.db_table, RequestBody._meta.db_table
LOG_COLUMNS, BODY_COLUMNS = ", ".join(rows.COLUMNS), ", ".join(rows.BODY_COLUMNS)


class Engine(Protocol):
    """The methods raise the driver's own errors."""

    options: Mapping[str, Any]
    """What the recorder's connection has that others have not."""

    def insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> None:
        """All of them in one transaction; rows that are there already stay as they are."""

    def known(self, wrapper: BaseDatabaseWrapper, identities: Sequence[UUID]) -> set[UUID]:
        """Those of `identities` that have a row."""

    def is_away(self, error: Exception) -> bool:
        """Whether the same statement may succeed later: no row is to blame."""
