"""One bad row never stops the others: it is written alone, then without its body, then set aside."""

from __future__ import annotations

import stat
from pathlib import Path

import orjson
import pytest

from analytics.recorder.aside import NAME, Aside
from analytics.recorder.backlog import Entry
from analytics.recorder.writer import Writer
from llm.connection import Away
from tests.analytics.records import MemoryStore, entry, record, spoken


class Desk:
    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        self.store, self.aside = MemoryStore(), Aside(folder)
        self.writer = Writer(self.store, self.aside)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_batch_is_one_statement(desk: Desk) -> None:
    batch = [entry(record()), entry(record(), spoken())]
    assert desk.writer.write(batch) == batch
    assert desk.store.batches == [2]


def test_a_bad_row_is_set_aside_and_the_others_are_written(desk: Desk) -> None:
    batch = [entry(record()), entry(record(prompt_tokens=2**62), spoken()), entry(record())]
    desk.store.refuses = lambda given: given.record.prompt_tokens > 0
    assert desk.writer.write(batch) == batch
    assert list(desk.store.rows) == [batch[0].record.id, batch[2].record.id]
    assert orjson.loads(desk.file.read_bytes())["id"] == str(batch[1].record.id)
    assert b"Hello" not in desk.file.read_bytes()
    assert desk.aside.rows.count == 1


def test_a_row_whose_body_is_refused_is_kept_without_it(desk: Desk) -> None:
    bad = entry(record(), spoken())
    desk.store.refuses = lambda given: given.body is not None
    assert desk.writer.write([bad]) == [bad]
    assert bad.record.id in desk.store.rows
    assert not desk.store.bodies
    assert desk.writer.bodies_refused.count == 1
    assert not desk.file.exists()


def test_a_bad_row_without_a_body_is_set_aside(desk: Desk) -> None:
    bad = entry(record())
    desk.store.refuses = lambda given: True
    assert desk.writer.write([bad]) == [bad]
    assert desk.file.exists()


def test_only_the_owner_may_read_what_is_set_aside(desk: Desk) -> None:
    assert desk.aside.put(b"{}", "why")
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600


def test_a_row_that_cannot_even_be_set_aside_is_not_safe(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.file.mkdir()
    desk.store.refuses = lambda given: True
    assert desk.writer.write([entry(record())]) == []
    assert "stays in its journal" in caplog.text


def test_a_database_that_is_away_takes_none(desk: Desk) -> None:
    desk.store.away = True
    with pytest.raises(Away):
        desk.writer.write([entry(record())])


def test_a_database_that_goes_away_between_two_rows_is_told(desk: Desk) -> None:
    first, second = entry(record()), entry(record(prompt_tokens=2**62), spoken())

    def refuses(given: Entry) -> bool:
        desk.store.away = first.record.id in desk.store.rows
        return given is second

    desk.store.refuses = refuses
    with pytest.raises(Away):
        desk.writer.write([first, second])
    assert list(desk.store.rows) == [first.record.id]


def test_closing_it_closes_the_store(desk: Desk) -> None:
    desk.writer.close()
    assert desk.store.closed == 1
