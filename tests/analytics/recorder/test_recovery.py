"""Whoever gets the lock of a dead process's journal brings its rows into the database, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from analytics.models import RequestLog
from analytics.recorder import recovery as module
from analytics.recorder import rows
from analytics.recorder.aside import NAME, Aside
from analytics.recorder.journal import Journal, hold, homes, segments
from analytics.recorder.recovery import Recovery
from analytics.recorder.store import Store
from llm.call import Record, new_id
from llm.connection import Away
from tests.analytics.records import MemoryStore, departed, record, refused, spoken


class Ruin:
    """A folder of and somebody to recover them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, MemoryStore()
        self.told: list[Record] = []
        self.recovery = Recovery(folder, self.store, Aside(folder), self.told.extend)

    def statuses(self) -> dict[UUID, str]:
        return {identity: row["status"] for identity, row in self.store.rows.items()}


@pytest.fixture
def ruin(tmp_path: Path) -> Ruin:
    return Ruin(tmp_path)


def depart(journal: Journal, said: Record) -> Record:
    journal.depart(said.id, rows.encode_departure(said))
    return said


def finish(journal: Journal, said: Record, *, spill: bool = False) -> Record:
    journal.finish(said.id, rows.encode(said), spill=spill)
    return said


def test_finished_calls_are_inserted_and_unfinished_ones_interrupted(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    finished = depart(journal, departed(status="ok", cost=7))
    lost = depart(journal, departed(reserved=90, body=spoken()))
    finish(journal, finished)
    hit = finish(journal, record(cache="hit"))
    journal.abandon()
    ruin.recovery.recover_all()
    assert ruin.statuses() == {finished.id: "ok", hit.id: "ok", lost.id: "interrupted"}
    assert ruin.store.rows[finished.id]["cost"] == 7
    assert ruin.store.rows[lost.id]["cost"] == 90
    assert {told.id for told in ruin.told} == {finished.id, hit.id, lost.id}
    assert ruin.recovery.recovered.count == 3
    assert homes(ruin.folder) == []


def test_the_last_route_known_is_the_interrupted_calls(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    lost = depart(journal, departed())
    lost.attempts[0].outcome = "error"
    lost.attempts.append(type(lost.attempts[0])("groq", "llama"))
    lost.provider, lost.upstream_model = "groq", "llama"
    depart(journal, lost)
    journal.abandon()
    ruin.recovery.recover_all()
    (row,) = ruin.store.rows.values()
    assert (row["provider"], row["upstream_model"]) == ("groq", "llama")
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["error", "interrupted"]


def test_a_living_process_is_left_alone(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    finish(journal, record())
    ruin.recovery.recover_all()
    assert ruin.store.rows == {}
    assert len(homes(ruin.folder)) == 1
    journal.abandon()


def test_a_finish_in_a_later_segment_counts(ruin: Ruin) -> None:
    journal = Journal(ruin.folder, segment_bytes=1)
    said = depart(journal, departed())
    for _ in range(12):
        finish(journal, record())
    finish(journal, said)
    journal.abandon()
    ruin.recovery.recover_all()
    assert set(ruin.statuses().values()) == {"ok"}
    assert len(ruin.store.rows) == 13


def test_the_last_count_of_a_flood_is_the_one(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    said = refused()
    for requests in (1, 2, 3):
        said.requests = requests
        journal.gather(said.id, rows.encode(said))
    journal.abandon()
    ruin.recovery.recover_all()
    assert ruin.store.rows[said.id]["requests"] == 3


def test_rows_that_are_there_already_stay_as_they_are_and_nobody_is_told(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    said = depart(journal, departed())
    journal.abandon()
    ruin.store.rows[said.id] = {"status": "ok"}
    ruin.recovery.recover_all()
    assert ruin.statuses() == {said.id: "ok"}
    assert ruin.told == []
    assert homes(ruin.folder) == []


def test_while_the_database_is_away_the_journal_stays(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    finish(journal, record())
    journal.abandon()
    ruin.store.away = True
    with pytest.raises(Away):
        ruin.recovery.recover_all()
    ruin.store.away = False
    ruin.recovery.recover_all()
    assert len(ruin.store.rows) == 1


def test_a_torn_last_line_is_no_obstacle(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    lost = depart(journal, departed())
    said = finish(journal, record())
    journal.abandon()
    (home,) = homes(ruin.folder)
    with segments(home)[0].open("ab") as torn:
        torn.write(b'F{"id": "0199')
    ruin.recovery.recover_all()
    assert ruin.statuses() == {said.id: "ok", lost.id: "interrupted"}
    assert (ruin.folder / NAME).read_bytes() == b'{"id": "0199\n'


@pytest.mark.parametrize("line", [b"F[]\n", b"F1\n", b'F{"id": 1}\n', b"F{}\n", b'F{"id": "x"}\n', b"F\xff\n", b"\n"])
def test_lines_without_sense_are_no_obstacle(ruin: Ruin, line: bytes) -> None:
    journal = Journal(ruin.folder)
    finish(journal, record())
    journal.abandon()
    (home,) = homes(ruin.folder)
    path = segments(home)[0]
    path.write_bytes(line + path.read_bytes())
    ruin.recovery.recover_all()
    assert len(ruin.store.rows) == 1
    assert (ruin.folder / NAME).exists() == (line != b"\n")


def test_a_row_the_database_refuses_is_set_aside_and_the_journal_goes(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    bad, good = finish(journal, record(retries=9)), finish(journal, record())
    journal.abandon()
    ruin.store.refuses = lambda given: given.record.retries == 9
    ruin.recovery.recover_all()
    assert ruin.statuses() == {good.id: "ok"}
    assert str(bad.id) in (ruin.folder / NAME).read_text()
    assert homes(ruin.folder) == []


def test_a_row_that_cannot_even_be_set_aside_stays_in_its_journal(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    finish(journal, record())
    journal.abandon()
    (ruin.folder / NAME).mkdir()
    ruin.store.refuses = lambda given: True
    ruin.recovery.recover_all()
    assert len(homes(ruin.folder)) == 1


def test_a_long_journal_comes_in_batches(ruin: Ruin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", 2)
    journal = Journal(ruin.folder)
    for _ in range(5):
        finish(journal, record())
    journal.abandon()
    ruin.recovery.recover_all()
    assert ruin.store.batches == [2, 2, 1]


def test_a_journal_that_cannot_be_read_is_told_and_stops_no_other(ruin: Ruin, caplog: pytest.LogCaptureFixture) -> None:
    broken, whole = Journal(ruin.folder), Journal(ruin.folder)
    broken.open()
    said = finish(whole, record())
    broken.abandon()
    whole.abandon()
    (segments(homes(ruin.folder)[0])[0]).unlink()
    (homes(ruin.folder)[0] / "00000001").mkdir()
    ruin.recovery.recover_all()
    assert ruin.statuses() == {said.id: "ok"}
    assert "cannot be recovered" in caplog.text


def test_an_empty_journal_is_cleared_away(ruin: Ruin) -> None:
    (ruin.folder / new_id().hex).mkdir()
    ruin.recovery.recover_all()
    assert homes(ruin.folder) == []


def test_what_is_no_journal_is_left_alone(ruin: Ruin) -> None:
    (ruin.folder / "lost+found").mkdir()
    (ruin.folder / "a file of somebody's").touch()
    ruin.recovery.recover_all()
    assert len(list(ruin.folder.iterdir())) == 2


def test_only_finished_rows_are_read_back_from_a_living_journal(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    depart(journal, departed())
    gathered = refused()
    journal.gather(gathered.id, rows.encode(gathered))
    said = finish(journal, record(), spill=True)
    (segment,) = journal.spilled()
    assert ruin.recovery.read_back(segment.path)
    assert ruin.statuses() == {said.id: "ok"}
    journal.abandon()


def test_two_who_recover_at_once_do_it_once(ruin: Ruin) -> None:
    journal = Journal(ruin.folder)
    finish(journal, record())
    journal.abandon()
    (home,) = homes(ruin.folder)
    lock = hold(home / "lock")
    assert lock is not None
    ruin.recovery.recover_all()
    assert ruin.store.rows == {}
    os.close(lock)
    ruin.recovery.recover_all()
    assert len(ruin.store.rows) == 1


@pytest.fixture
def store(books: str) -> Iterator[Store]:
    made = Store(books)
    yield made
    made.close()


def test_it_brings_rows_into_a_real_database(store: Store, books: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    lost, said = depart(journal, departed()), finish(journal, record(status="error"))
    journal.abandon()
    Recovery(tmp_path, store, Aside(tmp_path), lambda records: None).recover_all()
    found = dict(RequestLog.objects.using(books).values_list("id", "status"))
    assert found == {lost.id: "interrupted", said.id: "error"}
