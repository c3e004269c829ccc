"""Redis or PostgreSQL goes away under load: callers hardly notice, budgets hold, and nothing is missing afterwards.

A disk that is full is not among these: nothing here can fill one without filling everybody's.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from llm.call import public_id
from tests.llm.own_postgres import OwnPostgres
from tests.llm.own_redis import OwnRedis
from tests.prove import trial
from tests.prove.conftest import Vendor
from tests.prove.trial import PURSE, RATES, Course, added, tell
from tests.serving import Serving, serving

LATE = 0.150
"""Seconds that a hundredth of the answers took longer."""
TURNED_AWAY = 2.0
"""Seconds within which a call is, whose budget cannot be looked into."""
HEALTH = 0.100


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def gateway(tmp_path: Path, postgres: OwnPostgres, redis: OwnRedis) -> Iterator[Serving]:
    with serving(tmp_path / "var", DATABASE_URL=postgres.url, REDIS_URL=redis.url) as installed:
        yield installed


Trial = Callable[..., Course]


@pytest.fixture
def tried(request: pytest.FixtureRequest, gateway: Serving, vendor: Vendor) -> Trial:
    """Runs one; whatever goes away, this holds."""
    secrets = trial.furnish(gateway, vendor)
    gateway.start()

    def run(leave: Callable[[], object], come_back: Callable[[], object], *, away: float) -> Course:
        course = trial.run(gateway, secrets, leave, come_back, away)
        tell(request.node.name.removeprefix("test_").replace("_", " "), course)
        check(course, set(vendor.served()))
        return course

    return run


def check(course: Course, served: set[str]) -> None:
    rows = {public_id(row["id"]): row for row in course.rows}
    assert len(rows) == len(course.rows)
    assert served <= rows.keys()
    for key in RATES:
        answered = {one.id for one in course.answered(key)}
        assert {rows[str(name)]["status"] for name in answered} == {"ok"}
        assert {one.status for one in course.back(key)} <= ({200, 429} if key == "poor" else {200})
        assert added(course, key) <= LATE
        assert all(one.seconds <= TURNED_AWAY + LATE for one in course.away(key) if one.status == 503)
    assert {one.status for one in course.outcomes["limited"]} == {200}
    assert len(served) == sum(len(course.answered(key)) for key in RATES)
    for key, (spent, reserved) in course.windows.items():
        assert spent == sum(rows[str(one.id)]["cost"] for one in course.answered(key))
        assert reserved == 0
    assert course.windows["poor"][0] <= float(PURSE) * 1e12
    assert 429 in {one.status for one in course.outcomes["poor"]}
    assert max(said.seconds for said in course.health) <= HEALTH
    assert all(said.body == {"status": "ok"} for said in course.health)
    assert course.words(course.returned + trial.RECOVERED, float("inf")) == {"ok"}


@pytest.mark.prove
def test_redis_frozen(tried: Trial, redis: OwnRedis) -> None:
    course = tried(redis.freeze, redis.thaw, away=30)

    assert {one.status for one in course.away("budgeted")} == {200}
    assert "degraded cache redis" in course.words(course.left + 3, course.returned)


@pytest.mark.prove
def test_redis_killed(tried: Trial, redis: OwnRedis) -> None:
    course = tried(redis.kill, redis.start, away=10)

    assert {one.status for one in course.away("budgeted")} == {200}


@pytest.mark.prove
def test_redis_emptied(tried: Trial, redis: OwnRedis) -> None:
    course = tried(lambda: Redis.from_url(redis.url).flushall(), lambda: None, away=10)

    assert {one.status for one in course.away("budgeted")} == {200}
    assert course.words(course.left, course.returned) == {"ok"}


@pytest.mark.prove
def test_postgres_frozen(tried: Trial, postgres: OwnPostgres) -> None:
    course = tried(postgres.freeze, postgres.thaw, away=30)

    assert_budgets_wait(course)


@pytest.mark.prove
def test_postgres_killed(tried: Trial, postgres: OwnPostgres) -> None:
    course = tried(postgres.kill, postgres.start, away=10)

    assert_budgets_wait(course)


@pytest.mark.prove
def test_postgres_out_of_connections(tried: Trial, postgres: OwnPostgres) -> None:
    crowd = Crowd(postgres.url)
    course = tried(crowd.come, crowd.leave, away=15)

    assert {one.status for one in course.away("budgeted")} <= {200, 503}


def assert_budgets_wait(course: Course) -> None:
    """Who has a hard budget is told to come again, and never that his key is wrong."""
    assert {one.status for one in course.away("budgeted")} <= {200, 503}
    assert Counter(one.status for one in course.away("budgeted"))[503] > 0


class Crowd:
    """Takes every connection that a server has to give, and each that becomes free, until it leaves."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._held: list[psycopg.Connection] = []
        self._leaving = threading.Event()
        self._pushing = threading.Thread(target=self._push)

    def come(self) -> None:
        self._pushing.start()

    def leave(self) -> None:
        self._leaving.set()
        self._pushing.join()
        for connection in self._held:
            connection.close()

    def _push(self) -> None:
        while not self._leaving.is_set():
            try:
                self._held.append(psycopg.connect(self._url, connect_timeout=2))
            except psycopg.OperationalError:
                self._leaving.wait(0.01)
