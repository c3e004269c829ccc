"""Whatever is down: the process says that it lives, which part is in trouble, and serves whom it can."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from uuid import uuid4

import httpx2
import psycopg
import pytest
from redis import Redis

from tests.llm.own_postgres import OwnPostgres
from tests.llm.own_redis import OwnRedis
from tests.llm.processes.conftest import started
from tests.llm.surfaces.house import NATIVE, House, question
from tests.serving import serving
from tests.upstream import Upstream

pytestmark = pytest.mark.alone

PROMPT = 0.1
NOTICED = 5.0
BACK = 5.0


class Ward:
    """A gateway and all it depends on, for these tests alone."""

    def __init__(self, house: House, key: str, postgres: OwnPostgres, redis: OwnRedis) -> None:
        self.house = house
        self.postgres = postgres
        self.redis = redis
        self._bearer = {"authorization": f"Bearer {key}"}

    def ask(self, **headers: str) -> httpx2.Response:
        text = f"Are you well, {uuid4()}?"
        return self.house.post(NATIVE, question("gpt-4o-mini", text), key=None, headers=self._bearer | headers)

    def ready(self) -> tuple[int, str, set[str]]:
        answer = self.house.client.get(f"{self.house.url}/readyz")
        said = answer.json()
        return answer.status_code, said["status"], set(said["degraded"])

    def degraded(self) -> set[str]:
        """As the metric has it."""
        page = self.house.client.get(f"{self.house.url}/metrics").text
        told = [line for line in page.splitlines() if line.startswith("llm_degraded{")]
        return {line.split('"')[1] for line in told if line.endswith(" 1.0")}

    def alter(self, read_only: str) -> None:
        """Of transactions that begin from now on, but for our own."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {read_only}")
            connection.execute("SELECT pg_reload_conf()")

    def health(self) -> float:
        """Seconds that /healthz takes."""
        began = time.monotonic()
        assert self.house.client.get(f"{self.house.url}/healthz").status_code == 200
        return time.monotonic() - began


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder: Path = tmp_path_factory.mktemp("ward")
    with ExitStack() as stack:
        postgres, redis = OwnPostgres(), OwnRedis(folder)
        stack.callback(postgres.remove)
        stack.callback(redis.kill)
        postgres.start()
        redis.start()
        vendor = stack.enter_context(Upstream())
        client = stack.enter_context(httpx2.Client(timeout=60))
        installed = stack.enter_context(
            serving(folder / "var", DATABASE_URL=postgres.url, REDIS_URL=redis.url, METRICS_TOKEN="")
        )
        key = installed.register(vendor.base_url, ["gpt-4o-mini"])
        yield Ward(started(House(installed, vendor, client)), key, postgres, redis)


def eventually(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _well(ward: Ward) -> None:
    assert ward.ask().status_code == 200
    eventually(lambda: ward.ready() == (200, "ok", set()), BACK)


@pytest.mark.parametrize("part", ["redis", "postgres"])
@pytest.mark.parametrize("way", ["frozen", "gone"])
def test_a_part_that_is_away_is_named_and_missed_by_few(ward: Ward, part: str, way: str) -> None:
    server = ward.redis if part == "redis" else ward.postgres
    named = {"redis", "cache"} if part == "redis" else {"database"}
    if way == "frozen":
        server.freeze()
    elif isinstance(server, OwnRedis):
        server.kill()
    else:
        server.stop()
    try:
        eventually(lambda: ward.ready() == (200, "degraded", named), NOTICED)
        assert [ward.ask().status_code for _ in range(3)] == [200] * 3
        assert median(ward.health() for _ in range(20)) < PROMPT
        repeatable = ward.ask(**{"idempotency-key": f"{uuid4()}"})
        assert repeatable.status_code == (200 if part == "redis" else 503)
        assert part == "redis" or repeatable.headers["retry-after"]
        if part == "redis":
            assert ward.degraded() == named
    finally:
        server.thaw() if way == "frozen" else server.start()
    eventually(lambda: ward.ready() == (200, "ok", set()), BACK)
    eventually(lambda: ward.degraded() == set(), 2)
    assert ward.ask(**{"idempotency-key": f"{uuid4()}"}).status_code == 200


def test_a_redis_that_is_full_is_named_and_missed_by_nobody(ward: Ward) -> None:
    with Redis.from_url(ward.redis.url) as redis:
        redis.config_set("maxmemory", 1)
        try:
            eventually(lambda: ward.ready() == (200, "degraded", {"redis", "cache"}), NOTICED)
            assert [ward.ask().status_code for _ in range(3)] == [200] * 3
        finally:
            redis.config_set("maxmemory", 0)
    eventually(lambda: ward.ready() == (200, "ok", set()), BACK)


def test_a_postgres_that_can_only_be_read_is_named_and_refuses_what_must_be_kept(ward: Ward) -> None:
    """As one whose disk is full, or a copy after a failover."""
    ward.alter("on")
    try:
        assert ward.ask().status_code == 200
        eventually(lambda: ward.ready() == (200, "degraded", {"database"}), NOTICED)
        repeatable = ward.ask(**{"idempotency-key": f"{uuid4()}"})
        assert (repeatable.status_code, repeatable.json()["error"]["code"]) == (503, "unavailable")
        assert ward.ask().status_code == 200
    finally:
        ward.alter("off")
    eventually(lambda: ward.ready() == (200, "ok", set()), BACK)
    assert ward.ask(**{"idempotency-key": f"{uuid4()}"}).status_code == 200
