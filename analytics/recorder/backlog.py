"""Finished records on their way to the database: bounded, so that its absence fills no memory."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from analytics.recorder.alarm import Alarm
from llm.call import Record

logger = logging.getLogger(__name__)

ROWS = 5_000
BODY_BYTES = 32 * 1024 * 1024
BATCH_ROWS = 500
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Entry:
    """A record with its row and body as JSON, and who waits for its commit."""

    record: Record
    row: bytes
    body: bytes | None = None
    waiter: asyncio.Future[bool] | None = None

    @property
    def body_bytes(self) -> int:
        return len(self.body or b"")


class Backlog:
    """Entries count until they are `done`, so those being written do too."""

    def __init__(self, *, rows: int = ROWS, body_bytes: int = BODY_BYTES) -> None:
        self._rows, self._body_bytes = rows, body_bytes
        self._arrived = threading.Condition()
        self._waiting: deque[Entry] = deque()
        self._held_bodies = 0
        self._closed = False
        self.pending = 0
        self.bodies_dropped = Alarm(logger, "The database is behind: bodies are not kept")

    @property
    def full(self) -> bool:
        return self.pending >= self._rows

    def put(self, entry: Entry) -> None:
        """Takes every entry; a body only where there is room for it."""
        with self._arrived:
            if self._held_bodies + entry.body_bytes > self._body_bytes:
                entry.body = None
                self.bodies_dropped.ring()
            self._held_bodies += entry.body_bytes
            self.pending += 1
            self._waiting.append(entry)
            self._arrived.notify()

    def take(self, timeout: float) -> list[Entry]:
        """The oldest entries, as many as fit one statement; waits at most `timeout` seconds for the first."""
        with self._arrived:
            if not self._waiting and not self._closed and timeout:
                self._arrived.wait(timeout)
            batch: list[Entry] = []
            size = 0
            while self._waiting and len(batch) < BATCH_ROWS and size < BATCH_BYTES:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].row) + batch[-1].body_bytes
            return batch

    def done(self, entries: Iterable[Entry]) -> None:
        with self._arrived:
            for entry in entries:
                self.pending -= 1
                self._held_bodies -= entry.body_bytes

    def close(self) -> None:
        """Nobody waits any more for what may still come."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
