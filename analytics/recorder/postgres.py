"""Writing the log on PostgreSQL: a batch is one JSON parameter that the server expands into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from analytics import partitions
from analytics.recorder.backlog import Entry
from analytics.recorder.engine import BODY, BODY_COLUMNS, LOG, LOG_COLUMNS, charged
from llm.call import created_at
from llm.connection import transaction
from llm.ledger.books import Alert
from llm.ledger.settlement import settle

INSERT = "INSERT INTO {0} ({1}) SELECT {1} FROM json_populate_recordset(NULL::{0}, %s::json) ON CONFLICT DO NOTHING"
INSERT_ROWS = INSERT.format(LOG, LOG_COLUMNS)
INSERT_BODIES = INSERT.format(BODY, BODY_COLUMNS)
INSERT_ALL = f"WITH logged AS ({INSERT_ROWS}) {INSERT_BODIES}"
"""Rows and bodies in one statement: one round trip, and a transaction without saying so."""
TELL_ROWS = f"{INSERT_ROWS} RETURNING id"
TELL_ALL = f"WITH logged AS ({TELL_ROWS}), said AS ({INSERT_BODIES}) SELECT id FROM logged"  # noqa: S608 - names of tables
"""The same, telling which rows are new."""

KNOWN = f"SELECT id FROM {LOG} WHERE id = ANY(%s) AND created_at BETWEEN %s AND %s"  # noqa: S608 - a table's name


class Postgres:
    def insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> list[Alert]:
        try:
            return self._insert(wrapper, entries)
        except psycopg.errors.CheckViolation as error:
            if error.diag.constraint_name:
                raise
            partitions.ensure(wrapper, {partitions.month_of(entry.record.created_at) for entry in entries})
            return self._insert(wrapper, entries)

    def _insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> list[Alert]:
        """Where nobody is charged it is one statement, which is a transaction without saying so."""
        given = [_array(entry.row for entry in entries)]
        if any(entry.body for entry in entries):
            given.append(_array(entry.body for entry in entries if entry.body))
        records = charged(entries)
        if not records:
            wrapper.connection.execute(INSERT_ALL if len(given) > 1 else INSERT_ROWS, given)
            return []
        with transaction(wrapper):
            written = wrapper.connection.execute(TELL_ALL if len(given) > 1 else TELL_ROWS, given)
            return settle(wrapper, [records[row[0]] for row in written if row[0] in records])

    def known(self, wrapper: BaseDatabaseWrapper, identities: Sequence[UUID]) -> set[UUID]:
        instants = [created_at(identity) for identity in identities]
        given = [list(identities), min(instants), max(instants)]
        return {row[0] for row in wrapper.connection.execute(KNOWN, given)}


def _array(items: Any) -> str:
    return f"[{b','.join(items).decode()}]"
