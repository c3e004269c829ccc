"""The recorder as the gateway sees it: nothing waits, nothing raises, nothing is forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from analytics.recorder import JournalRecorder
from analytics.recorder import recorder as module
from analytics.recorder.backlog import Backlog, Entry
from analytics.recorder.journal import homes, segments
from llm.call import Recorder
from tests.analytics.records import MemoryStore, departed, record, refused, spoken

SOON = 5.0


class Desk:
    """A recorder over a table in memory; `recorder` is started by the tests that want its threads."""

    def __init__(self, folder: Path, backlog: Backlog | None = None) -> None:
        self.folder, self.store = folder, MemoryStore()
        self.recorder = JournalRecorder(folder, store=lambda: self.store, backlog=backlog)

    def lines(self) -> list[bytes]:
        return [part for home in homes(self.folder) for path in segments(home) for part in path.open("rb")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.recorder.close(0.5)


def test_it_is_what_the_gateway_asks_for(desk: Desk) -> None:
    recorder: Recorder = desk.recorder
    assert recorder


async def test_a_finished_record_is_committed_before_its_waiter_goes_on(desk: Desk) -> None:
    desk.recorder.start()
    said = departed(body=spoken())
    desk.recorder.depart(said)
    assert await asyncio.wait_for(desk.recorder.finish(said), SOON)
    assert said.id in desk.store.rows
    assert desk.store.bodies[said.id]["answer"] == {"content": "Good day"}


async def test_a_body_is_let_go_of_and_never_in_the_journal(desk: Desk) -> None:
    said = departed(body=spoken())
    desk.recorder.depart(said)
    desk.recorder.finish(said)
    assert said.body is None
    assert not any(b"Hello" in line for line in desk.lines())


async def test_the_journal_has_a_call_before_it_leaves(desk: Desk) -> None:
    desk.recorder.depart(departed())
    assert len(desk.lines()) == 1
    assert desk.recorder.facts.in_flight == 1


async def test_after_100_ms_the_journal_vouches_for_the_row(desk: Desk) -> None:
    began = time.monotonic()
    assert not await desk.recorder.finish(record())
    assert 0.09 <= time.monotonic() - began < 1
    assert len(desk.lines()) == 1
    assert desk.recorder.pending == 1


async def test_a_waiter_that_left_is_no_obstacle(desk: Desk) -> None:
    waiter = desk.recorder.finish(record())
    waiter.cancel()
    desk.recorder.committer.step(0)
    await asyncio.sleep(0)
    assert len(desk.store.rows) == 1


async def test_a_flood_of_refusals_waits_for_nothing(desk: Desk) -> None:
    waiters = [desk.recorder.finish(refused()) for _ in range(15)]
    assert [waiter.done() for waiter in waiters] == [False] * 10 + [True] * 5
    desk.recorder.start()
    assert await asyncio.to_thread(desk.recorder.close, SOON)
    assert sum(row["requests"] for row in desk.store.rows.values()) == 15
    assert len(desk.store.rows) == 11


async def test_beyond_the_bound_rows_wait_in_the_journal_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Backlog(rows=1))
    desk.store.away = True
    held = desk.recorder.finish(record())
    spilled = desk.recorder.finish(departed(body=spoken()))
    assert (held.done(), spilled.done()) == (False, True)
    assert not spilled.result()
    assert (desk.recorder.pending, desk.recorder.facts.rows_spilled) == (1, 1)
    desk.store.away = False
    desk.recorder.steward.tend()
    desk.recorder.committer.step(0)
    assert len(desk.store.rows) == 2
    assert desk.recorder.close()
    assert homes(tmp_path) == []


async def test_what_fits_nowhere_is_told_as_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "journal").touch()
    desk = Desk(tmp_path / "journal", Backlog(rows=0))
    assert not await desk.recorder.finish(record())
    assert desk.recorder.facts.rows_lost == 1
    assert "A record is lost" in caplog.text


async def test_without_a_journal_records_are_committed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    desk = Desk(tmp_path / "journal")
    desk.recorder.start()
    assert not desk.recorder.facts.journal_writable
    said = departed()
    desk.recorder.depart(said)
    assert await asyncio.wait_for(desk.recorder.finish(said), SOON)
    assert said.id in desk.store.rows
    assert desk.recorder.facts.journal_failures == 3
    assert not desk.recorder.journal.probe()
    assert desk.recorder.alive
    await asyncio.to_thread(desk.recorder.close, SOON)


async def test_it_tells_when_the_database_takes_no_rows(desk: Desk) -> None:
    desk.recorder.start()
    before = desk.recorder.facts
    desk.store.away = True
    await desk.recorder.finish(record())
    assert (before.database_reachable, desk.recorder.facts.database_reachable) == (True, False)
    desk.store.away = False
    assert await asyncio.to_thread(desk.recorder.close, SOON)


async def test_closing_writes_what_there_is(desk: Desk) -> None:
    desk.recorder.start()
    said = [record() for _ in range(3)]
    for one in said:
        desk.recorder.finish(one)
    assert await asyncio.to_thread(desk.recorder.close, SOON)
    assert list(desk.store.rows) == [one.id for one in said]
    assert homes(desk.folder) == []


async def test_closing_waits_no_longer_than_it_is_told(desk: Desk) -> None:
    desk.recorder.start()
    desk.store.away = True
    desk.recorder.finish(record())
    began = time.monotonic()
    assert not await asyncio.to_thread(desk.recorder.close, 0.3)
    assert time.monotonic() - began < 1
    assert len(desk.lines()) == 1


def test_closing_twice_or_without_a_start_is_no_harm(desk: Desk) -> None:
    assert desk.recorder.close()
    assert desk.recorder.close()


def test_several_event_loops_share_it(desk: Desk) -> None:
    desk.recorder.start()
    done: list[bool] = []

    async def call() -> None:
        for _ in range(20):
            said = departed()
            desk.recorder.depart(said)
            done.append(await asyncio.wait_for(desk.recorder.finish(said), SOON))

    loops = [Thread(target=lambda: asyncio.run(call())) for _ in range(3)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join(SOON)
    assert done == [True] * 60
    assert len(desk.store.rows) == 60


@pytest.mark.alone
async def test_a_database_that_hangs_holds_up_no_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    thawed = Event()
    insert = desk.store.insert

    def hangs(entries: list[Entry]) -> None:
        thawed.wait(SOON)
        insert(entries)

    monkeypatch.setattr(desk.store, "insert", hangs)
    desk.recorder.start()
    began = time.monotonic()
    waiters = [desk.recorder.finish(record()) for _ in range(50)]
    assert time.monotonic() - began < module.PATIENCE
    assert set(await asyncio.gather(*waiters)) == {False}
    assert time.monotonic() - began < 2 * module.PATIENCE + 0.5
    thawed.set()
    assert await asyncio.to_thread(desk.recorder.close, SOON)
    assert len(desk.store.rows) == 50
