"""What waits for the database is bounded: bodies give way first, and batches fit one statement."""

from __future__ import annotations

from threading import Thread

import pytest

from analytics.recorder import backlog as module
from analytics.recorder.backlog import Backlog, Entry
from tests.analytics.records import record


def entry(body: bytes | None = None) -> Entry:
    return Entry(record(), b"{}", body)


def test_entries_come_out_in_the_order_they_came_in() -> None:
    backlog = Backlog()
    entries = [entry(), entry()]
    for one in entries:
        backlog.put(one)
    assert backlog.take(0) == entries
    assert backlog.take(0) == []


def test_entries_count_until_they_are_done() -> None:
    backlog = Backlog(rows=1)
    backlog.put(entry())
    taken = backlog.take(0)
    assert backlog.pending == 1
    assert backlog.full
    backlog.done(taken)
    assert backlog.pending == 0
    assert not backlog.full


def test_a_body_beyond_the_room_for_bodies_is_dropped_and_counted() -> None:
    backlog = Backlog(body_bytes=10)
    kept, dropped, bare = entry(b"12345678"), entry(b"123"), entry()
    for one in (kept, dropped, bare):
        backlog.put(one)
    assert (kept.body, dropped.body) == (b"12345678", None)
    assert backlog.bodies_dropped.count == 1
    backlog.done(backlog.take(0))
    later = entry(b"123")
    backlog.put(later)
    assert later.body == b"123"


def test_a_batch_fits_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", 3)
    monkeypatch.setattr(module, "BATCH_BYTES", 100)
    backlog = Backlog()
    for body in (None, None, None, None, b"x" * 200, None):
        backlog.put(entry(body))
    assert [len(backlog.take(0)) for _ in range(4)] == [3, 2, 1, 0]


def test_whoever_waits_is_woken_by_the_first_entry() -> None:
    backlog, taken = Backlog(), list[Entry]()
    waiting = Thread(target=lambda: taken.extend(backlog.take(30)))
    waiting.start()
    backlog.put(entry())
    waiting.join(5)
    assert len(taken) == 1


def test_nobody_waits_for_a_closed_backlog() -> None:
    backlog = Backlog()
    waiting = Thread(target=backlog.take, args=(30,))
    waiting.start()
    backlog.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert backlog.take(30) == []
