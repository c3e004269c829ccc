"""What dead processes left behind: whoever gets the lock of a journal writes its rows into the database."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol
from uuid import UUID

import orjson

from analytics.recorder import rows
from analytics.recorder.alarm import Alarm
from analytics.recorder.aside import Aside
from analytics.recorder.backlog import BATCH_ROWS, Entry
from analytics.recorder.journal import DEPARTED, FINISHED, GATHERED, LOCK, hold, homes, remove, segments
from analytics.recorder.writer import Inserter, Writer
from llm.call import Record

logger = logging.getLogger(__name__)


class Books(Inserter, Protocol):
    def known(self, identities: Sequence[UUID]) -> set[UUID]: ...

    def release(self, journal: str) -> None: ...


class Recovery:
    """Raises `Away`; what is left then is taken up the next time. `announce` hears of every row that was missing."""

    def __init__(self, folder: Path, store: Books, aside: Aside, announce: Callable[[list[Record]], None]) -> None:
        self._folder, self._store, self._aside, self._announce = folder, store, aside, announce
        self._writer = Writer(store, aside)
        self.recovered = Alarm(logger, "Recovered records from a journal", logging.WARNING)

    def recover_all(self) -> None:
        """Every journal in the folder whose process is dead."""
        for home in homes(self._folder):
            try:
                self._recover(home)
            except OSError as error:
                logger.error("The journal %s cannot be recovered: %s", home.name, error.strerror)

    def read_back(self, segment: Path) -> bool:
        """The finished rows of one segment of a living journal. True where all of them are safe."""
        return self._write(record for kind, record in self._lines(segment) if kind == FINISHED)

    def _recover(self, home: Path) -> None:
        lock = hold(home / LOCK)
        if lock is None:
            return
        try:
            if self._write(self._records(segments(home))):
                self._store.release(home.name)
                remove(home)
        finally:
            os.close(lock)

    def _write(self, records: Iterator[Record]) -> bool:
        """In batches; those that are in the database already are passed over. True where all are safe."""
        safe = True
        while batch := list(islice(records, BATCH_ROWS)):
            known = self._store.known([record.id for record in batch])
            missing = [Entry(record, rows.encode(record)) for record in batch if record.id not in known]
            if missing:
                written = self._writer.write(missing)
                self._announce([entry.record for entry in written])
                self.recovered.ring(times=len(written))
                safe = safe and len(written) == len(missing)
        return safe

    def _records(self, paths: Iterable[Path]) -> Iterator[Record]:
        """Finished calls as they come; last those of floods, then those that never finished."""
        departed: dict[UUID, Record] = {}
        gathered: dict[UUID, Record] = {}
        for path in paths:
            for kind, record in self._lines(path):
                if kind == DEPARTED:
                    departed[record.id] = record
                elif kind == GATHERED:
                    gathered[record.id] = record
                else:
                    departed.pop(record.id, None)
                    yield record
        yield from gathered.values()
        yield from map(rows.interrupted, departed.values())

    def _lines(self, path: Path) -> Iterator[tuple[bytes, Record]]:
        """A line that makes no sense, such as the last one of a killed process may be, is set aside for people."""
        with path.open("rb") as lines:
            for line in lines:
                kind, text = line[:1], line[1:].rstrip(b"\n")
                try:
                    record = rows.decode(orjson.loads(text))
                except (ValueError, TypeError, LookupError, AttributeError) as error:
                    if text:
                        self._aside.put(text, type(error).__name__)
                    continue
                yield kind, record
