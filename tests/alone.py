"""Tests marked `alone` run beside no other worker's: what they judge by the clock is the product, not the company.

Workers of a run share a room: each is in it for one test at a time, and who wants it alone keeps the door until the
others have left. Both are locks of the system on what every worker has, so that they end with a worker that dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOM = Path(__file__)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with entered(ROOM, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def entered(room: Path, *, alone: bool) -> Iterator[None]:
    """A file is a room; the folder that it lies in is the door."""
    with lock(room) as inside:
        with lock(room.parent) as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


@contextmanager
def lock(path: Path) -> Iterator[int]:
    """Given back expressly, for a process that a test forked has the file open too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)
