"""The journal of one process: what it has sent out and what came of it, one line each, under one lock for life.

It is a folder in JOURNAL_DIR: `lock`, held by `flock`, and numbered segments of lines. A segment goes when all it
speaks of is in the database. Nothing is synced: the journal outlives a killed process, not a lost disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID
from weakref import WeakSet

from analytics.recorder.alarm import Alarm
from llm.call import new_id

logger = logging.getLogger(__name__)

DEPARTED, FINISHED, GATHERED = b"D", b"F", b"R"
"""How a line begins. A gathered row (of refusals in a flood) may come again; the last one counts."""

LOCK = "lock"
SEGMENT_BYTES = 8 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Segment:
    """`unsettled` are the ids it speaks of that are not in the database yet, but for those that were spilled."""

    path: Path
    descriptor: int
    size: int = 0
    torn: bool = False
    spilled: bool = False
    unsettled: set[UUID] = field(default_factory=set)


class Journal:
    """Never raises on writing: where it cannot, `writable` is false, and the next line tries again."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._home: Path | None = None
        self._held: int | None = None
        self._segments: list[Segment] = []
        self._numbered = 0
        self._departed: set[UUID] = set()
        self._closed = False
        self.failures = Alarm(logger, "The journal cannot be written: a killed process would lose records")
        self.writable = True
        _open_journals.add(self)

    def open(self) -> bool:
        """Takes the lock and begins the first segment, which the first line would do otherwise."""
        with self._lock:
            try:
                self._current()
            except OSError as error:
                self._fail(error)
            else:
                self.writable = True
        return self.writable

    @property
    def name(self) -> str:
        """Of the folder that vouches for calls now; empty where none does."""
        home = self._home
        return home.name if home is not None and self.writable else ""

    @property
    def in_flight(self) -> int:
        """Calls that have departed and not finished."""
        return len(self._departed)

    def depart(self, identity: UUID, row: bytes) -> bool:
        self._departed.add(identity)
        return self._append(DEPARTED, identity, row)

    def finish(self, identity: UUID, row: bytes, *, spill: bool = False) -> bool:
        """`spill`: nobody else will hold on to this row until it is in the database; it is read back from here."""
        self._departed.discard(identity)
        return self._append(FINISHED, identity, row, spill=spill)

    def gather(self, identity: UUID, row: bytes) -> bool:
        return self._append(GATHERED, identity, row)

    def settle(self, identities: Iterable[UUID]) -> None:
        """These are in the database."""
        settled = set(identities)
        with self._lock:
            for segment in self._segments:
                segment.unsettled -= settled
            self._tidy()

    def spilled(self) -> list[Segment]:
        """The segments to read back; no line is added to them any more."""
        with self._lock:
            if self._segments and self._segments[-1].spilled:
                with suppress(OSError):
                    self._begin_segment()
            return [segment for segment in self._segments[:-1] if segment.spilled]

    def read_back(self, segment: Segment) -> None:
        """The finished rows of `segment` are in the database."""
        with self._lock:
            segment.spilled = False
            self._tidy()

    def verify(self) -> None:
        """Begins anew where somebody has taken the files away; what they said is still in memory."""
        with self._lock:
            if self._home is not None and not (self._home / LOCK).exists():
                self._let_go()

    def probe(self) -> bool:
        """Whether it can be written: where it could not, an empty line, which means nothing, is tried."""
        if not self.writable:
            with self._lock:
                try:
                    self._write(self._current(), b"\n")
                except OSError as error:
                    self._fail(error)
                else:
                    self.writable = True
        return self.writable

    def close(self) -> bool:
        """Lets go of the lock. True where nothing was left to recover; then nothing is left on disk either."""
        with self._lock:
            self._closed = True
            clean = not self._departed and not any(part.unsettled or part.spilled for part in self._segments)
            if clean and self._home is not None:
                remove(self._home)
            self._let_go()
        return clean

    def abandon(self) -> None:
        """Forgets the files without touching them: they belong to another process, or to whoever recovers them."""
        self._lock = threading.Lock()
        self._closed = True
        self._let_go()

    def _append(self, kind: bytes, identity: UUID, row: bytes, *, spill: bool = False) -> bool:
        with self._lock:
            try:
                segment = self._current()
                self._write(segment, kind + row + b"\n")
            except OSError as error:
                self._fail(error)
                return False
            self.writable = True
            if spill:
                segment.spilled = True
                for other in self._segments:
                    other.unsettled.discard(identity)
            else:
                segment.unsettled.add(identity)
        return True

    def _fail(self, error: OSError) -> None:
        self.writable = False
        self.failures.ring(error.strerror)

    def _current(self) -> Segment:
        if self._closed:
            raise OSError(0, "it is closed")
        if not self._segments:
            self._open()
            return self._begin_segment()
        if self._segments[-1].size >= self._segment_bytes:
            with suppress(OSError):  # then this one grows on
                self._begin_segment()
        return self._segments[-1]

    def _write(self, segment: Segment, line: bytes) -> None:
        """After a line that was cut short, the next one begins on a line of its own."""
        data = b"\n" + line if segment.torn else line
        written = os.write(segment.descriptor, data)
        segment.size += written
        segment.torn = written < len(data)
        if segment.torn:
            raise OSError(0, "a line was cut short")

    def _open(self) -> None:
        """A folder of a new name each time, so that a reused process id means nothing."""
        while self._held is None:
            self._home = self._folder / new_id().hex
            self._home.mkdir(mode=0o700, parents=True)
            try:
                self._held = hold(self._home / LOCK)
            except OSError:
                self._home.rmdir()
                raise

    def _begin_segment(self) -> Segment:
        assert self._home is not None
        path = self._home / f"{self._numbered + 1:08}"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        self._numbered += 1
        if self._segments:
            os.close(self._segments[-1].descriptor)
        self._segments.append(Segment(path, descriptor))
        self._tidy()
        return self._segments[-1]

    def _tidy(self) -> None:
        if self._closed:
            return
        for segment in self._segments[:-1]:
            if not segment.unsettled and not segment.spilled:
                self._segments.remove(segment)
                with suppress(OSError):
                    segment.path.unlink()

    def _let_go(self) -> None:
        if self._segments:
            os.close(self._segments[-1].descriptor)
        if self._held is not None:
            os.close(self._held)
        self._segments, self._held, self._home = [], None, None


def hold(path: Path) -> int | None:
    """Locks `path` until the descriptor is closed; None where another has it, or has done away with it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass  # somebody else's, or gone since it was opened
    os.close(descriptor)
    return None


def homes(folder: Path) -> list[Path]:
    """The journals in `folder`, whoever they belong to, oldest first. Raises OSError."""
    return sorted(path for path in folder.iterdir() if re.fullmatch("[0-9a-f]{32}", path.name))


def segments(home: Path) -> list[Path]:
    """The segments of a journal, oldest first."""
    return sorted(path for path in home.iterdir() if path.name != LOCK)


def remove(home: Path) -> None:
    """Its lock goes last, so that nobody takes half a journal for a whole one. Only its holder may do this."""
    with suppress(OSError):
        for path in segments(home):
            path.unlink()
        (home / LOCK).unlink()
        home.rmdir()


_open_journals: WeakSet[Journal] = WeakSet()


def _abandon_all() -> None:
    for journal in _open_journals:
        journal.abandon()


os.register_at_fork(after_in_child=_abandon_all)  # a child's copy of the lock would outlive its dead parent
