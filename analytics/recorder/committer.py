"""Group commit: one thread writes what has gathered in one statement, and wakes all who wait for it at once."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from analytics.recorder import rows
from analytics.recorder.alarm import Alarm
from analytics.recorder.backlog import Backlog, Entry
from analytics.recorder.floods import Floods
from analytics.recorder.journal import Journal
from analytics.recorder.writer import Writer
from llm.call import Record
from llm.connection import Away

logger = logging.getLogger(__name__)

COMPANY = 0.003
"""Seconds a batch waits for those still in flight."""

TICK = 0.5
"""Seconds between two looks for floods that are over."""

BACK_OFF, LONGEST_BACK_OFF = 0.1, 2.0


class Committer:
    def __init__(
        self, journal: Journal, backlog: Backlog, floods: Floods, writer: Writer, told: Callable[[list[Record]], None]
    ) -> None:
        self._journal, self._backlog, self._floods, self._writer = journal, backlog, floods, writer
        self._told = told
        self._batch: list[Entry] = []
        self._deadline: float | None = None
        self.reachable = True
        self.away = Alarm(logger, "The database is away; records wait for it")

    def run(self) -> None:
        """Until it is closed and nothing is left, or the time for that is up."""
        failures = 0
        while self._goes_on():
            try:
                self.step(TICK)
                failures, self.reachable = 0, True
            except Away as away:
                failures, self.reachable = failures + 1, False
                self.away.ring(away)
                self._rest(failures)
            except Exception:  # a bug of ours, or of a receiver's, must not be the end of all records
                failures += 1
                logger.exception("A batch could not be committed")
                self._rest(failures)
        self._writer.close()

    def step(self, timeout: float) -> None:
        """One batch. Raises `Away`; then the same batch comes first the next time."""
        for record in self._floods.over(all_of_them=self._deadline is not None):
            self._backlog.put(Entry(record, rows.encode(record)))
        self._batch = self._batch or self._gathered(timeout)
        if self._batch:
            written = self._writer.write(self._batch)
            batch, self._batch = self._batch, []
            wake(batch)
            self._backlog.done(batch)
            self._journal.settle(entry.record.id for entry in written)
            self._told([entry.record for entry in written])

    def close(self, deadline: float) -> None:
        """Write what there is, then end; at `deadline`, on the monotonic clock, end in any case."""
        self._deadline = deadline
        self._backlog.close()

    def _gathered(self, timeout: float) -> list[Entry]:
        """A lone record goes at once; where others are in flight it waits a moment for their company."""
        batch = self._backlog.take(timeout)
        if batch and self._journal.in_flight and self._deadline is None:
            time.sleep(COMPANY)
            batch += self._backlog.take(0)
        return batch

    def _goes_on(self) -> bool:
        if self._deadline is None:
            return True
        left = self._backlog.pending or self._floods.open
        return bool(left) and time.monotonic() < self._deadline

    def _rest(self, failures: int) -> None:
        longest = min(BACK_OFF * 2 ** min(failures, 10), LONGEST_BACK_OFF if self._deadline is None else BACK_OFF)
        time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - spreads load, guards nothing


def wake(entries: Iterable[Entry]) -> None:
    """One call for each event loop, whatever the number of those that wait on it."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[asyncio.Future[bool]]] = defaultdict(list)
    for entry in entries:
        if entry.waiter is not None:
            by_loop[entry.waiter.get_loop()].append(entry.waiter)
    for loop, waiters in by_loop.items():
        try:
            loop.call_soon_threadsafe(release, waiters, True)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more


def release(waiters: Iterable[asyncio.Future[bool]], committed: bool) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(committed)
