"""The recorder: every call is in the journal before it leaves, every record in the database soon after it ends."""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from analytics.recorder import rows
from analytics.recorder.alarm import Alarm
from analytics.recorder.aside import Aside
from analytics.recorder.backlog import Backlog, Entry
from analytics.recorder.committer import Committer, release
from analytics.recorder.floods import Floods
from analytics.recorder.journal import Journal
from analytics.recorder.recovery import Recovery
from analytics.recorder.steward import Library, Steward
from analytics.recorder.store import Store
from analytics.recorder.writer import Writer
from analytics.signals import announce
from llm.call import Record

logger = logging.getLogger(__name__)

PATIENCE = 0.1
"""Seconds a request waits for its commit; after that its line in the journal vouches for it."""


@dataclass(slots=True, frozen=True)
class Facts:
    """How the recorder is doing, since its process began. `rows_lost`: journal, database and memory all failed."""

    journal_writable: bool
    database_reachable: bool
    pending: int
    in_flight: int
    journal_failures: int
    rows_spilled: int
    rows_recovered: int
    rows_set_aside: int
    rows_lost: int
    bodies_dropped: int


class JournalRecorder:
    """One for each process, for all its event loops. `depart` and `finish` wait for nothing and do not raise."""

    def __init__(
        self,
        folder: Path,
        *,
        store: Callable[[], Library] = Store,
        backlog: Backlog | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal, self.backlog = Journal(folder), backlog or Backlog()
        self._aside = Aside(folder)
        self._floods = Floods(self.journal, clock)
        self.committer = Committer(self.journal, self.backlog, self._floods, Writer(store(), self._aside), announce)
        tended = store()
        self._recovery = Recovery(folder, tended, self._aside, announce)
        self.steward = Steward(self.journal, self._recovery, tended)
        self._threads: list[Thread] = []
        self._spilled = Alarm(logger, "The database is far behind: records wait in the journal alone", logging.WARNING)
        self._lost = Alarm(logger, "A record is lost: journal and database both fail", logging.CRITICAL)

    def start(self) -> None:
        """The journal's lock is taken; recovery of dead processes' journals has begun."""
        self.journal.open()
        self._threads = [
            Thread(target=self.committer.run, name="recorder", daemon=True),
            Thread(target=self.steward.run, name="recorder-steward", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)

    def close(self, timeout: float = 5.0) -> bool:
        """Writes what there is, for `timeout` seconds at most. True where nothing is left to recover."""
        atexit.unregister(self.close)
        deadline = time.monotonic() + timeout
        self.steward.close()
        self.committer.close(deadline)
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return self.journal.close()

    @property
    def alive(self) -> bool:
        """Somebody is there to bring the rows."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def pending(self) -> int:
        """Finished records that are not in the database yet, but for those that wait in the journal alone."""
        return self.backlog.pending

    @property
    def facts(self) -> Facts:
        return Facts(
            journal_writable=self.journal.writable,
            database_reachable=self.committer.reachable,
            pending=self.pending,
            in_flight=self.journal.in_flight,
            journal_failures=self.journal.failures.count,
            rows_spilled=self._spilled.count,
            rows_recovered=self._recovery.recovered.count,
            rows_set_aside=self._aside.rows.count,
            rows_lost=self._lost.count,
            bodies_dropped=self.backlog.bodies_dropped.count,
        )

    def depart(self, record: Record) -> None:
        self.journal.depart(record.id, rows.encode_departure(record))

    def finish(self, record: Record) -> asyncio.Future[bool]:
        """True at the commit; False after 100 ms, and at once where the journal alone will hold the row.

        The record is the recorder's from here on: it lets go of its body.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        if self._floods.gathers(record) or not self._hand_over(record, waiter):
            waiter.set_result(False)
        else:
            loop.call_later(PATIENCE, release, (waiter,), False)
        return waiter

    def _hand_over(self, record: Record, waiter: asyncio.Future[bool]) -> bool:
        """False where memory is full: then the journal, if it can, keeps the row until the database is back."""
        row, spill = rows.encode(record), self.backlog.full
        journalled = self.journal.finish(record.id, rows.with_charges(row, record), spill=spill)
        body = rows.encode_body(record, record.body) if record.body else None
        record.body = None
        if spill:
            (self._spilled if journalled else self._lost).ring()
            return False
        self.backlog.put(Entry(record, row, body, waiter))
        return True
