"""Writing the log on SQLite: a batch is one transaction, its rows the values of one prepared statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, IntegerField, JSONField, Model, UUIDField

from analytics.models import RequestBody, RequestLog
from analytics.recorder import rows
from analytics.recorder.backlog import Entry
from analytics.recorder.engine import BODY, BODY_COLUMNS, LOG, LOG_COLUMNS, charged
from llm.connection import transaction
from llm.ledger.books import Alert
from llm.ledger.settlement import settle

INSERT = "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING"
INSERT_ROWS = INSERT.format(LOG, LOG_COLUMNS, ", ".join("?" * len(rows.COLUMNS)))
INSERT_BODIES = INSERT.format(BODY, BODY_COLUMNS, ", ".join("?" * len(rows.BODY_COLUMNS)))
"""Not INSERT OR IGNORE, which would pass over a row with a NULL in the wrong place without a word."""


def _moment(text: str) -> str:
    return str(datetime.fromisoformat(text).replace(tzinfo=None))


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _whole(value: Any) -> Any:
    """A number too large for JSON's integers came as text; SQLite would round it, its driver refuses it."""
    return int(value) if isinstance(value, str) else value


CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    UUIDField: lambda text: text.replace("-", ""),
    DateTimeField: _moment,
    JSONField: _json,
    IntegerField: _whole,
}


def _conversions(model: type[Model], columns: Sequence[str]) -> list[Callable[[Any], Any]]:
    """For each column what its field's kind asks for."""

    def conversion(field: object) -> Callable[[Any], Any]:
        return next((convert for kind, convert in CONVERSIONS.items() if isinstance(field, kind)), lambda value: value)

    return [conversion(model._meta.get_field(column)) for column in columns]


ROW = _conversions(RequestLog, rows.COLUMNS)
BODY_ROW = _conversions(RequestBody, rows.BODY_COLUMNS)

KNOWN = f"SELECT id FROM {LOG} WHERE id IN ({{}})"  # noqa: S608 - a table's name


class Sqlite:
    def insert(self, wrapper: BaseDatabaseWrapper, entries: Sequence[Entry]) -> list[Alert]:
        bodies = [_values(BODY_ROW, entry.body) for entry in entries if entry.body]
        records = charged(entries)
        connection = wrapper.connection
        with transaction(wrapper):
            connection.executemany(
                INSERT_ROWS, [_values(ROW, entry.row) for entry in entries if entry.record.id not in records]
            )
            new = [
                entry.record
                for entry in entries
                if entry.record.id in records and connection.execute(INSERT_ROWS, _values(ROW, entry.row)).rowcount
            ]
            connection.executemany(INSERT_BODIES, bodies)
            return settle(wrapper, new) if new else []

    def known(self, wrapper: BaseDatabaseWrapper, identities: Sequence[UUID]) -> set[UUID]:
        statement = KNOWN.format(", ".join("?" * len(identities)))
        found = wrapper.connection.execute(statement, [identity.hex for identity in identities])
        return {UUID(row[0]) for row in found}


def _values(conversions: Sequence[Callable[[Any], Any]], row: bytes) -> list[Any]:
    """A row's columns are written in the statement's order."""
    return [convert(value) for convert, value in zip(conversions, orjson.loads(row).values(), strict=True)]
