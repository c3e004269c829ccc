"""The second thread: recovery of dead reading back what was spilled, the coming months."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread

import pytest

from analytics.recorder import rows
from analytics.recorder import steward as module
from analytics.recorder.aside import Aside
from analytics.recorder.journal import Journal, homes
from analytics.recorder.recovery import Recovery
from analytics.recorder.steward import Steward
from tests.analytics.records import MemoryStore, record


class House:
    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.journal = folder, MemoryStore(), Journal(folder)
        self.recovery = Recovery(folder, self.store, Aside(folder), lambda records: None)
        self.steward = Steward(self.journal, self.recovery, self.store)

    def spill(self) -> None:
        said = record()
        self.journal.finish(said.id, rows.encode(said), spill=True)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_round_recovers_makes_months_and_lets_go_of_the_connection(house: House) -> None:
    dead, said = Journal(house.folder), record()
    dead.finish(said.id, rows.encode(said))
    dead.abandon()
    house.steward.tend()
    assert list(house.store.rows) == [said.id]
    assert (house.store.partitions, house.store.closed) == (1, 1)


def test_the_coming_months_are_made_once_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    house.steward.tend()
    house.steward.tend()
    assert house.store.partitions == 1
    now[0] += module.PARTITIONS_EVERY
    house.steward.tend()
    assert house.store.partitions == 2


def test_what_nobody_will_settle_expires_once_a_minute_and_after_the_journals(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    dead = Journal(house.folder)
    dead.open()
    name = dead.name
    dead.abandon()
    house.steward.tend()
    house.steward.tend()
    assert (house.store.released, house.store.expiries) == ([name], 1)
    now[0] += module.EXPIRE_EVERY
    house.steward.tend()
    assert house.store.expiries == 2


def test_what_was_spilled_is_read_back(house: House) -> None:
    house.spill()
    house.steward.tend()
    assert len(house.store.rows) == 1
    assert house.journal.close()


def test_while_the_database_is_away_it_waits(house: House) -> None:
    house.spill()
    house.store.away = True
    house.steward.tend()
    assert house.steward.away.count == 1
    assert house.store.closed == 1
    house.store.away = False
    house.steward.tend()
    assert len(house.store.rows) == 1


def test_a_segment_whose_rows_are_not_all_safe_stays(house: House) -> None:
    house.spill()
    (house.folder / "set-aside.jsonl").mkdir()
    house.store.refuses = lambda given: True
    house.steward.tend()
    assert not house.journal.close()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    house = House(tmp_path / "gone")
    house.steward.tend()
    assert house.steward.away.count == 1


def test_a_journal_taken_away_under_it_is_begun_anew(house: House) -> None:
    house.journal.open()
    (home,) = homes(house.folder)
    for path in home.iterdir():
        path.unlink()
    home.rmdir()
    house.steward.tend()
    assert house.journal.open()
    assert len(homes(house.folder)) == 1


def test_it_goes_on_round_after_round_until_it_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)
    rounds: list[int] = []

    def tend() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ZeroDivisionError
        if len(rounds) == 3:
            house.steward.close()

    monkeypatch.setattr(house.steward, "tend", tend)
    running = Thread(target=house.steward.run)
    running.start()
    running.join(5)
    assert len(rounds) == 3
    assert "Recovery failed" in caplog.text
