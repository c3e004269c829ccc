"""PostgreSQL frozen, stopped and started again under load: no request waits for it, no record is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from analytics.recorder import JournalRecorder
from analytics.recorder.store import Store
from tests.analytics.conftest import connected
from tests.analytics.records import departed, spoken
from tests.llm.own_postgres import OwnPostgres
from tests.services import wait_until

pytestmark = pytest.mark.alone

LATEST = 0.15
"""Seconds after which a waiting request has gone on, but for the odd one on a busy machine."""


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[OwnPostgres]:
    made = OwnPostgres()
    made.start()
    try:
        with django_db_blocker.unblock(), connected("own", made.url):
            call_command("migrate", database="own", verbosity=0, skip_checks=True)
            yield made
    finally:
        made.remove()


class Load:
    """Calls, one after the other in each of eight lanes, and how long each waited for its record."""

    def __init__(self, recorder: JournalRecorder) -> None:
        self._recorder = recorder
        self.waits: list[float] = []

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._lane(end) for _ in range(8)))

    async def _lane(self, end: float) -> None:
        while time.monotonic() < end:
            said = departed(body=spoken())
            self._recorder.depart(said)
            await asyncio.sleep(0.02)
            began = time.monotonic()
            await self._recorder.finish(said)
            self.waits.append(time.monotonic() - began)


def rows(server: OwnPostgres) -> int:
    with psycopg.connect(server.url) as connection:
        found = connection.execute("SELECT count(*) FROM analytics_requestlog").fetchone()
    assert found is not None
    return int(found[0])


def test_frozen_or_stopped_it_holds_up_nobody_and_gets_every_row(server: OwnPostgres, tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path, store=lambda: Store("own"))
    recorder.start()
    load = Load(recorder)
    asyncio.run(load.run(0.5))

    server.freeze()
    asyncio.run(load.run(1.5))
    server.thaw()
    assert wait_until(lambda: rows(server) == len(load.waits))

    server.stop()
    asyncio.run(load.run(1.5))
    assert not recorder.facts.database_reachable
    server.start()
    assert recorder.close(20)

    assert rows(server) == len(load.waits)
    assert sorted(load.waits)[len(load.waits) * 98 // 100] < LATEST
    assert not list(tmp_path.iterdir())
