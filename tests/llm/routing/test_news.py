"""What one process finds out of a route, all of them know a second later."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from redis import Redis

from config import env
from llm.call import SystemClock
from llm.errors import ProviderBroken
from llm.routing import news
from llm.routing.circuits import COOL_DOWN, FAILURES, TRIALS
from llm.routing.news import SharedCircuits
from tests.llm.doubles import route
from tests.llm.own_redis import OwnRedis
from tests.services import wait_until

ROUTE = route("one")


class OwnClock(SystemClock):
    """Goes as all do, from its own zero; it can be put forward."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Process(SharedCircuits):
    """What a process has; it exchanges its news when told to."""

    def __init__(self, url: str, zero: float = 0.0) -> None:
        self.clock = OwnClock(zero)
        super().__init__(url, self.clock)

    @property
    def seconds(self) -> float:
        return self.clock.monotonic()

    def fail(self) -> None:
        circuit = self.of(ROUTE)
        for _ in range(FAILURES):
            circuit.fail(self.seconds, ProviderBroken("down"), on_trial=False)

    def succeed(self) -> None:
        circuit = self.of(ROUTE)
        for _ in range(TRIALS):
            circuit.succeed(self.seconds, on_trial=circuit.enter(self.seconds))

    @property
    def state(self) -> str:
        return self.of(ROUTE).state(self.seconds)


@pytest.fixture
def key(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """News under a name of this test's own."""
    key = f"gatehouse:{{circuits-{uuid4()}}}"
    monkeypatch.setattr(news, "KEY", key)
    yield key
    with Redis.from_url(redis_url) as client:
        client.delete(key)


@pytest.fixture
def processes(redis_url: str, key: str) -> tuple[Process, Process]:
    return Process(redis_url), Process(redis_url, zero=5_000.0)


def test_an_open_circuit_is_heard_of(processes: tuple[Process, Process]) -> None:
    here, there = processes
    here.fail()
    here.exchange()
    there.exchange()
    assert there.state == "open"
    (standing,) = there.shut()
    assert (standing.route.provider, standing.why) == ("one", here.shut()[0].why)
    due = there.of(ROUTE).due
    assert due is not None
    assert 0 < due - there.seconds <= COOL_DOWN * 1.2 * (1 + news.SPREAD)


def test_a_recovered_one_is_heard_of_too(processes: tuple[Process, Process]) -> None:
    here, there = processes
    here.fail()
    here.exchange()
    there.exchange()
    here.clock.ahead += 10
    here.succeed()
    here.exchange()
    there.exchange()
    assert (here.state, there.state) == ("closed", "closed")


def test_one_closed_by_hand_is_closed_everywhere(processes: tuple[Process, Process]) -> None:
    here, there = processes
    here.fail()
    here.exchange()
    there.exchange()
    there.reset(ROUTE.id)
    there.exchange()
    here.exchange()
    assert (here.state, there.state) == ("closed", "closed")


def test_its_own_news_disturbs_nobody(processes: tuple[Process, Process]) -> None:
    here, there = processes
    here.fail()
    for _ in range(3):
        here.exchange()
        there.exchange()
    here.clock.ahead += 10
    circuit = here.of(ROUTE)
    circuit.succeed(here.seconds, on_trial=circuit.enter(here.seconds))
    there.exchange()
    here.exchange()
    assert [circuit.enter(here.seconds), circuit.admits(here.seconds)] == [True, True]


def test_news_of_a_former_edition_of_a_provider_is_none(processes: tuple[Process, Process]) -> None:
    here, there = processes
    mended = replace(ROUTE, provider=replace(ROUTE.provider, version=1))
    there.of(mended)
    here.fail()
    here.exchange()
    there.exchange()
    assert there.of(mended).state(there.seconds) == "closed"


def test_of_two_who_speak_at_once_the_later_is_right(processes: tuple[Process, Process]) -> None:
    """The later by more than the clocks' difference can be mistaken."""
    here, there = processes
    here.fail()
    here.clock.ahead += 1
    there.of(ROUTE).reset(there.seconds, "reset by hand")
    there.exchange()
    here.exchange()
    there.exchange()
    assert (here.state, there.state) == ("closed", "closed")


@pytest.mark.parametrize(
    "said",
    [
        "no JSON",
        "[]",
        '{"route": {}}',
        '{"route": {"id": 1, "version": 0, "provider": "p", "region": "eu"}, "change": {}}',
    ],
)
def test_what_another_release_says_is_passed_by(
    redis_url: str, key: str, processes: tuple[Process, Process], said: str
) -> None:
    here, there = processes
    with Redis.from_url(redis_url) as client:
        client.hset(key, "1", said)
    here.fail()
    here.exchange()
    there.exchange()
    assert there.state == "open"


@pytest.mark.parametrize("end", ["freeze", "kill"])
def test_without_redis_each_process_goes_by_itself(own_redis: OwnRedis, key: str, end: str) -> None:
    here = Process(own_redis.url)
    getattr(own_redis, end)()
    began = time.monotonic()
    here.fail()
    assert time.monotonic() - began < 0.05
    here.exchange()
    assert time.monotonic() - began < 1.0
    assert here.state == "open"
    if end == "freeze":
        own_redis.thaw()
    else:
        own_redis.start()
    there = Process(own_redis.url)
    here.exchange()
    there.exchange()
    assert there.state == "open"


class Other:
    """The other end of `circuit_process`."""

    def __init__(self, url: str, key: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.llm.routing.circuit_process", url, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=env.ROOT,
        )

    def ask(self, word: str) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        said: list[str] = json.loads(self.process.stdout.readline())
        return said

    def end(self) -> None:
        self.process.communicate(timeout=10)


@pytest.fixture
def start(redis_url: str, key: str) -> Iterator[Callable[[], Other]]:
    started: list[Other] = []

    def one() -> Other:
        started.append(Other(redis_url, key))
        return started[-1]

    yield one
    for other in started:
        other.end()


def test_two_processes_know_the_same(start: Callable[[], Other]) -> None:
    here, there = start(), start()
    for _ in range(FAILURES):
        state, why = here.ask("fail")
    assert state == "open"
    assert there.ask("state")[0] == "closed" or there.ask("state")[1] == why
    assert wait_until(lambda: there.ask("state") == ["open", why])
    there.ask("reset")
    assert wait_until(lambda: here.ask("state") == ["closed", "reset by hand"])
