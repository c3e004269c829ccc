"""Writing the log on PostgreSQL: a batch is one JSON parameter that the server expands into rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from analytics import partitions
from analytics.recorder.backlog import Entry
from analytics.recorder.engine import BODY, BODY_COLUMNS, LOG, LOG_COLUMNS
from llm.call import created_at

INSERT = "INSERT INTO {0} ({1}) SELECT {1} FROM json_populate_recordset(NULL::{0}, %s::json) ON CONFLICT DO NOTHING"
INSERT_ROWS = INSERT.format(LOG, LOG_COLUMNS)
INSERT_ALL = f"WITH logged AS ({INSERT_ROWS}) {INSERT.format(BODY, BODY_COLUMNS)}"
"""Rows and bodies in one statement: one round trip, and a transaction without saying so."""

KNOWN = f"SELECT id FROM {LOG} WHERE id = ANY(%s) AND created_at BETWEEN %s AND %s"  # noqa: S608 - a table's name

AWAY = frozenset({"08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58"})
"""SQLSTATE classes no row is to blame for: connection, a plan grown stale, rights, a missing table, locks, shutdown."""


class Postgres:
    """A server that is gone is noticed within seconds; one that is frozen holds up nothing but this connection."""

    options: Mapping[str, Any] = {
        "connect_timeout": 3,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": 4000,
        "options": "-c statement_timeout=10s -c lock_timeout=5s",
        "server_side_binding": True,
        "prepare_threshold": 2,
    }

    def insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> None:
        try:
            self._insert(wrapper.connection, entries)
        except psycopg.errors.CheckViolation as error:
            if error.diag.constraint_name:
                raise
            partitions.ensure(wrapper, {partitions.month_of(entry.record.created_at) for entry in entries})
            self._insert(wrapper.connection, entries)

    def _insert(self, connection: Any, entries: Sequence[Entry]) -> None:
        given = [_array(entry.row for entry in entries)]
        if any(entry.body for entry in entries):
            given.append(_array(entry.body for entry in entries if entry.body))
        connection.execute(INSERT_ALL if len(given) > 1 else INSERT_ROWS, given)

    def known(self, wrapper: BaseDatabaseWrapper, identities: Sequence[UUID]) -> set[UUID]:
        instants = [created_at(identity) for identity in identities]
        given = [list(identities), min(instants), max(instants)]
        return {row[0] for row in wrapper.connection.execute(KNOWN, given)}

    def is_away(self, error: Exception) -> bool:
        state = getattr(error, "sqlstate", None)
        if state is None:
            return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return state[:2] in AWAY


def _array(items: Any) -> str:
    return f"[{b','.join(items).decode()}]"
