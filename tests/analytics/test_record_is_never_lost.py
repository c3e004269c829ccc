"""The promise of the house: whatever fails and whenever, each call that departed has exactly one row in the end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from analytics.recorder import JournalRecorder
from analytics.recorder.aside import NAME
from analytics.recorder.backlog import Backlog, Entry
from analytics.recorder.journal import homes
from llm.call import Record
from llm.connection import Away
from tests.analytics.records import MemoryStore, departed, record, refused, spoken

REFUSED_BY_THE_TABLE = 9
PROCESSES = 3
processes = st.integers(0, PROCESSES - 1)


class UnsureStore(MemoryStore):
    """Once in a while it takes the rows and is gone before it can say so."""

    gone_after = False

    def insert(self, entries: Sequence[Entry]) -> None:
        super().insert(entries)
        if self.gone_after:
            self.gone_after = False
            raise Away("it took them, or did it?")


class Crashes(RuleBasedStateMachine):
    """Three processes over one folder and one table; any of them may die at any moment, and another takes its place."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.now = UnsureStore(), 100.0
        self.store.refuses = lambda entry: entry.record.retries == REFUSED_BY_THE_TABLE
        self.loop = asyncio.new_event_loop()
        self.open: list[dict[UUID, Record]] = [{} for _ in range(PROCESSES)]
        self.expected: dict[UUID, str] = {}
        self.aside: set[UUID] = set()
        self.refusals = 0
        self.running = [self.recorder() for _ in range(PROCESSES)]

    def recorder(self) -> JournalRecorder:
        made = JournalRecorder(self.folder, store=lambda: self.store, backlog=Backlog(rows=4), clock=lambda: self.now)
        made.journal._segment_bytes = 1_500
        return made

    @rule(process=processes)
    def depart(self, process: int) -> None:
        said = departed(reserved=5)
        self.open[process][said.id] = said
        self.expected[said.id] = "interrupted"
        self.running[process].depart(said)

    @rule(process=processes)
    def depart_once_more(self, process: int) -> None:
        for said in list(self.open[process].values())[:1]:
            self.running[process].depart(said)

    @rule(process=processes, status=st.sampled_from(["ok", "error", "cancelled", "incomplete"]), bad=st.booleans())
    def finish(self, process: int, status: str, bad: bool) -> None:
        for identity in list(self.open[process])[:1]:
            said = self.open[process].pop(identity)
            said.retries = REFUSED_BY_THE_TABLE if bad else 0
            self.end(process, said, status)

    @rule(process=processes)
    def answer_from_the_cache(self, process: int) -> None:
        self.end(process, record(cache="hit"), "ok")

    def end(self, process: int, said: Record, status: str) -> None:
        said.status, said.body = status, spoken()  # type: ignore[assignment]  # a part that the test replaces
        self.expected[said.id] = status
        if said.retries == REFUSED_BY_THE_TABLE:
            self.aside.add(said.id)
        self.hand_over(process, said)

    @rule(process=processes, times=st.integers(1, 14))
    def refuse(self, process: int, times: int) -> None:
        self.refusals += times
        for _ in range(times):
            self.hand_over(process, refused())

    def hand_over(self, process: int, said: Record) -> None:
        async def inside() -> None:
            self.running[process].finish(said)

        self.loop.run_until_complete(inside())

    @rule(process=processes)
    def commit(self, process: int) -> None:
        try:
            self.running[process].committer.step(0)
        except Away:
            pass  # as the thread does; the batch comes again

    @rule(process=processes)
    def tend(self, process: int) -> None:
        self.running[process].steward.tend()

    @rule(process=processes, tear=st.booleans())
    def crash(self, process: int, tear: bool) -> None:
        dying = self.running[process]
        newest = [part.path for part in dying.journal._segments][-1:]
        dying.journal.abandon()
        if tear and newest:
            with newest[0].open("ab") as torn:
                torn.write(b'F{"id": "01')
        self.open[process] = {}
        self.running[process] = self.recorder()

    @rule(process=processes)
    def leave(self, process: int) -> None:
        self.running[process].close(0)
        self.open[process] = {}
        self.running[process] = self.recorder()

    @rule(away=st.booleans())
    def database(self, away: bool) -> None:
        self.store.away = away

    @rule()
    def lose_the_answer(self) -> None:
        self.store.gone_after = True

    @rule(seconds=st.sampled_from([0.4, 1.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def teardown(self) -> None:
        self.store.away = self.store.gone_after = False
        for process in range(PROCESSES):
            self.crash(process, tear=False)
        self.running[0].steward.tend()
        self.running[0].close()
        rows = self.store.rows
        refusals = [row for row in rows.values() if row["status"] == "refused"]
        found = {identity: row["status"] for identity, row in rows.items() if row["status"] != "refused"}
        for identity in self.aside & found.keys():
            assert found.pop(identity) == "interrupted"  # the table took what was known when it departed
        assert found == {identity: said for identity, said in self.expected.items() if identity not in self.aside}
        assert sum(row["requests"] for row in refusals) == self.refusals
        assert self.set_aside() == self.aside
        assert len(self.store.inserted) == len(set(self.store.inserted)) == len(rows)
        assert homes(self.folder) == []
        shutil.rmtree(self.folder)
        self.loop.close()

    def set_aside(self) -> set[UUID]:
        path = self.folder / NAME
        lines = path.read_bytes().splitlines() if path.exists() else []
        return {UUID(orjson.loads(line)["id"]) for line in lines if line.endswith(b"}")}


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=150, stateful_step_count=30)
