"""Group commit: one statement for a batch, one call for each event loop that waits for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from threading import Thread

import pytest

from analytics.recorder import committer as module
from analytics.recorder import rows
from analytics.recorder.aside import Aside
from analytics.recorder.backlog import Backlog, Entry
from analytics.recorder.committer import Committer, wake
from analytics.recorder.floods import Floods
from analytics.recorder.journal import Journal, homes
from analytics.recorder.writer import Writer
from llm.call import Record
from llm.connection import Away
from tests.analytics.records import MemoryStore, entry, record, refused

SOON = 5.0


class Office:
    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.now = folder, MemoryStore(), 100.0
        self.journal, self.backlog = Journal(folder), Backlog()
        self.floods = Floods(self.journal, lambda: self.now)
        self.told: list[Record] = []
        writer = Writer(self.store, Aside(folder))
        self.committer = Committer(self.journal, self.backlog, self.floods, writer, self.told.extend)

    def put(self, said: Record | None = None) -> Entry:
        made = entry(said or record())
        self.journal.finish(made.record.id, made.row)
        self.backlog.put(made)
        return made


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the committer would have slept, instead of sleeping."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


def test_what_has_gathered_is_written_settled_and_told(office: Office) -> None:
    entries = [office.put(), office.put()]
    office.committer.step(0)
    assert office.store.batches == [2]
    assert office.backlog.pending == 0
    assert office.told == [made.record for made in entries]
    assert office.journal.close()
    assert homes(office.folder) == []


def test_nothing_to_write_is_no_statement(office: Office) -> None:
    office.committer.step(0)
    assert office.store.batches == []


def test_a_lone_record_waits_for_nobody(office: Office, slept: list[float]) -> None:
    office.put()
    office.committer.step(0)
    assert slept == []


def test_a_record_waits_a_moment_for_those_still_in_flight(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    other = record()
    office.journal.depart(other.id, rows.encode_departure(other))
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        office.put(other)

    monkeypatch.setattr(time, "sleep", nap)
    office.put()
    office.committer.step(0)
    assert naps == [module.COMPANY]
    assert office.store.batches == [2]


def test_while_the_database_is_away_the_same_batch_comes_first(office: Office) -> None:
    first = office.put()
    office.store.away = True
    with pytest.raises(Away):
        office.committer.step(0)
    assert office.backlog.pending == 1
    second = office.put()
    office.store.away = False
    office.committer.step(0)
    office.committer.step(0)
    assert office.store.inserted == [first.record.id, second.record.id]


def test_a_row_that_could_not_be_set_aside_stays_in_the_journal(office: Office) -> None:
    (office.folder / "set-aside.jsonl").mkdir()
    office.store.refuses = lambda given: True
    office.put()
    office.committer.step(0)
    assert office.backlog.pending == 0
    assert not office.journal.close()


def test_a_flood_is_written_when_its_second_is_over(office: Office) -> None:
    for _ in range(13):
        office.floods.gathers(refused())
    office.committer.step(0)
    assert office.store.rows == {}
    office.now += 1
    office.committer.step(0)
    (row,) = office.store.rows.values()
    assert row["requests"] == 3
    assert office.journal.close()


def test_it_runs_until_it_is_closed_and_nothing_is_left(office: Office) -> None:
    running = Thread(target=office.committer.run)
    running.start()
    office.put()
    for _ in range(12):
        office.floods.gathers(refused())
    office.committer.close(time.monotonic() + SOON)
    running.join(SOON)
    assert not running.is_alive()
    assert len(office.store.rows) == 2
    assert office.store.closed == 1


def test_it_ends_at_its_deadline_though_the_database_is_away(office: Office, slept: list[float]) -> None:
    office.store.away = True
    office.put()
    office.committer.close(time.monotonic() + 0.1)
    office.committer.run()
    assert not office.committer.reachable
    assert office.backlog.pending == 1
    assert max(slept) <= module.BACK_OFF


def test_it_backs_off_further_and_further_and_comes_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    reachable: list[bool] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        reachable.append(office.committer.reachable)
        if len(naps) == 8:
            office.store.away = False
            office.committer.close(time.monotonic() + SOON)

    monkeypatch.setattr(time, "sleep", nap)
    office.store.away = True
    office.put()
    office.committer.run()
    assert naps[0] <= 0.2
    assert module.LONGEST_BACK_OFF / 2 <= naps[-1] <= module.LONGEST_BACK_OFF
    assert reachable == [False] * 8
    assert office.committer.reachable
    assert office.committer.away.count == 8
    assert len(office.store.rows) == 1


def test_a_bug_does_not_end_it(office: Office, caplog: pytest.LogCaptureFixture, slept: list[float]) -> None:
    raised: list[bool] = []

    def breaks(records: list[Record]) -> None:
        if not raised:
            raised.append(True)
            raise ZeroDivisionError

    office.committer._told = breaks
    office.put()
    office.committer.close(time.monotonic() + SOON)
    office.put()
    office.committer.run()
    assert raised
    assert len(office.store.rows) == 2
    assert "could not be committed" in caplog.text


async def test_all_who_wait_on_one_loop_are_woken_by_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    calls: list[object] = []
    threadsafe = loop.call_soon_threadsafe

    def counted(*args: object) -> object:
        calls.append(args)
        return threadsafe(*args)  # type: ignore[arg-type]  # a part that the test replaces

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    waiters = [loop.create_future() for _ in range(16)]
    waiters[3].cancel()
    await asyncio.to_thread(wake, [Entry(record(), b"{}", None, waiter) for waiter in (*waiters, None)])
    woken = [waiter for waiter in waiters if not waiter.cancelled()]
    assert await asyncio.wait_for(asyncio.gather(*woken), SOON) == [True] * 15
    assert sum(args[0] is module.release for args in calls) == 1  # type: ignore[index]  # a part that the test replaces


def test_a_loop_that_is_closed_wakes_nobody() -> None:
    loop = asyncio.new_event_loop()
    waiter = loop.create_future()
    loop.close()
    wake([Entry(record(), b"{}", None, waiter)])
    assert not waiter.done()
