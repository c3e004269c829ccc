"""A batch into the database, whatever is in it: one bad row never stops the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from analytics.recorder.alarm import Alarm
from analytics.recorder.aside import Aside
from analytics.recorder.backlog import Entry
from llm.connection import Refused

logger = logging.getLogger(__name__)


class Inserter(Protocol):
    def insert(self, entries: Sequence[Entry]) -> None: ...

    def close(self) -> None: ...


class Writer:
    """`write` raises `Away`, after which the whole batch may be written again."""

    def __init__(self, store: Inserter, aside: Aside) -> None:
        self._store, self._aside = store, aside
        self.bodies_refused = Alarm(logger, "The database refuses a body; its row is kept without it")

    def write(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that are safe now, in the database or set aside."""
        try:
            self._store.insert(entries)
        except Refused:
            return [entry for entry in entries if self._write_alone(entry)]
        return list(entries)

    def close(self) -> None:
        self._store.close()

    def _write_alone(self, entry: Entry) -> bool:
        try:
            self._store.insert([entry])
        except Refused as refused:
            return self._write_bare(entry, refused)
        return True

    def _write_bare(self, entry: Entry, refused: Refused) -> bool:
        if entry.body is None:
            return self._aside.put(entry.row, refused)
        try:
            self._store.insert([Entry(entry.record, entry.row)])
        except Refused as still_refused:
            return self._aside.put(entry.row, still_refused)
        self.bodies_refused.ring(refused)
        return True
