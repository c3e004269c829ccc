"""The recorder's second thread: recovers what was left behind, lets expire what nobody will settle, and sees to the
coming months' partitions."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from analytics.recorder.alarm import Alarm
from analytics.recorder.journal import Journal
from analytics.recorder.recovery import Books, Recovery
from llm.connection import Away, Refused

logger = logging.getLogger(__name__)

EVERY = 10.0
EXPIRE_EVERY = 60.0
PARTITIONS_EVERY = 86_400.0


class Library(Books, Protocol):
    def ensure_partitions(self) -> None: ...

    def expire(self) -> None: ...


class Steward:
    def __init__(self, journal: Journal, recovery: Recovery, store: Library) -> None:
        self._journal, self._recovery, self._store = journal, recovery, store
        self._stop = threading.Event()
        self._partitions_due = self._expiry_due = 0.0
        self.away = Alarm(logger, "Recovery waits for the database", logging.WARNING)

    def run(self) -> None:
        while True:
            try:
                self.tend()
            except Exception:  # a bug here must not be the end of all recovery
                logger.exception("Recovery failed; it is tried again")
            if self._stop.wait(EVERY):
                return

    def tend(self) -> None:
        """One round. The connection is open only while there is something to do."""
        self._journal.verify()
        try:
            self._ensure_partitions()
            self._recovery.recover_all()
            for segment in self._journal.spilled():
                if self._recovery.read_back(segment.path):
                    self._journal.read_back(segment)
            self._expire()
        except (Away, Refused, OSError) as error:
            self.away.ring(error)
        finally:
            self._store.close()

    def close(self) -> None:
        self._stop.set()

    def _ensure_partitions(self) -> None:
        now = time.monotonic()
        if now >= self._partitions_due:
            self._store.ensure_partitions()
            self._partitions_due = now + PARTITIONS_EVERY

    def _expire(self) -> None:
        """After the journals have been read, so that what they know is settled by what they say."""
        now = time.monotonic()
        if now >= self._expiry_due:
            self._store.expire()
            self._expiry_due = now + EXPIRE_EVERY
