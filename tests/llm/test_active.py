"""The calls in flight, in one process and over several."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from redis import Redis

from llm import active
from llm.active import LocalCalls, Process, SharedCalls
from llm.watch import Trouble
from tests.llm.doubles import call, request
from tests.llm.own_redis import OwnRedis


@pytest.fixture
def processes(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], SharedCalls]]:
    """Makes what each process has; what it tells lies under a name of this test's own."""
    monkeypatch.setattr(active, "PREFIX", f"gatehouse:{{{uuid4()}}}")
    monkeypatch.setattr(active, "PROCESSES", f"{active.PREFIX}:processes")
    made: list[SharedCalls] = []

    def process(url: str = redis_url) -> SharedCalls:
        made.append(SharedCalls(url))
        return made[-1]

    yield process
    with Redis.from_url(redis_url) as client:
        client.delete(active.PROCESSES, *(one._name for one in made))


def ids(calls: list[dict[str, object]] | None) -> list[object]:
    return [one["id"] for one in calls or []]


def test_a_call_is_seen_while_it_lasts_the_newest_first() -> None:
    calls, first, second = LocalCalls(), call(), call()
    calls.enter(first)
    calls.enter(second)
    assert ids(calls.own()) == [str(second.id), str(first.id)]

    calls.leave(second)
    calls.leave(second)

    assert ids(calls.own()) == [str(first.id)]
    assert calls.others() is None


def test_what_is_told_is_how_the_call_stands_now_and_nothing_that_was_said() -> None:
    calls, one = LocalCalls(), call(request("a secret", stream=True))
    calls.enter(one)
    one.has_begun, one.record.provider = True, "openai"

    (told,) = calls.own()

    assert (told["provider"], told["model"], told["streamed"], told["first_token_seen"]) == (
        "openai",
        "small",
        True,
        True,
    )
    assert (told["key"], told["key_id"], told["organisation_id"]) == ("test", 1, 1)
    assert "secret" not in str(told)


def test_processes_tell_one_another(processes: Callable[[], SharedCalls]) -> None:
    here, there, one = processes(), processes(), call()
    there.enter(one)
    assert here.others() == []

    there.tell()

    assert here.others() == there.own()
    assert there.others() == []


def test_what_is_over_is_untold(processes: Callable[[], SharedCalls]) -> None:
    here, there, one = processes(), processes(), call()
    there.enter(one)
    there.tell()
    there.leave(one)

    there.tell()

    assert here.others() == []


def test_a_process_that_dies_is_forgotten(processes: Callable[[], SharedCalls], redis_url: str) -> None:
    here, dead = processes(), processes()
    dead.enter(call())
    dead.tell()
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert 0 < client.ttl(dead._name) <= active.VANISHES
        client.delete(dead._name)

        assert here.others() == []
        assert client.smembers(active.PROCESSES) == set()


def test_every_process_is_known_the_idle_too(processes: Callable[[], SharedCalls]) -> None:
    idle, busy = processes(), processes()
    busy.enter(call())
    idle.tell()
    busy.tell()

    here = Process(socket.gethostname(), os.getpid(), 0)
    assert idle.processes() == [here, replace(here, calls=1)]
    idle.start()
    idle.stop()
    assert busy.processes() == [replace(here, calls=1)]
    assert LocalCalls().processes() == [here]


def test_a_process_tells_what_it_has_to_do_without(processes: Callable[[], SharedCalls]) -> None:
    here, there, slow, away = processes(), processes(), Trouble("It is slow."), Trouble("It is away.", stops=True)
    here.tell()
    for trouble in (slow, None):
        there.note("cache", trouble)
    there.note("database", away)
    there.tell()

    assert {one.troubles for one in here.processes() or ()} == {(), (away,)}
    assert there.here().troubles == (away,)


def test_a_process_that_ends_takes_its_calls_along(processes: Callable[[], SharedCalls]) -> None:
    here, there = processes(), processes()
    there.start()
    there.enter(call())
    there.tell()

    there.stop()

    assert here.others() == []


def test_a_frozen_redis_hides_the_others_and_stops_nobody(
    processes: Callable[[str], SharedCalls], own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    calls = processes(own_redis.url)
    calls.enter(call())
    own_redis.freeze()

    for _ in range(2):
        calls.tell()

    assert calls.others() is None
    assert calls.processes() is None
    assert len(calls.own()) == 1
    assert len(caplog.records) == 1


def test_a_flood_is_told_in_part(processes: Callable[[], SharedCalls], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "MOST", 2)
    here, there = processes(), processes()
    made = [call() for _ in range(5)]
    for one in made:
        there.enter(one)

    there.tell()

    assert ids(here.others()) == [str(made[4].id), str(made[3].id)]
