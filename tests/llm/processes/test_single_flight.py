"""Identical calls in flight share one upstream request, whoever dies or leaves meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.processes.conftest import Doors, beside, started
from tests.llm.processes.flood import Heard, flood
from tests.llm.surfaces.house import NATIVE, House, question
from tests.llm.surfaces.wire import dial

pytestmark = pytest.mark.alone


def cached(model: str) -> dict[str, Any]:
    return question(model, f"What is the same, {uuid4()}?", cache={"mode": "on"})


def count(house: House, body: dict[str, Any]) -> int:
    """How often the vendor was asked this."""
    text = body["messages"][0]["content"].encode()
    return sum(text in one.body for one in house.vendor.requests)


def in_flight(house: House) -> int:
    asked = house.post(NATIVE, {}).request.headers["authorization"]
    told = house.client.get(f"{house.url}/api/v1/requests/active/", headers={"authorization": asked})
    return len(told.json()["results"])


@pytest.fixture(params=["one process", "two processes"])
def houses(request: pytest.FixtureRequest) -> tuple[House, ...]:
    """With the memory's cache, and with Redis'."""
    name = "sqlite_doors" if request.param == "one process" else "postgres_doors"
    doors: Doors = request.getfixturevalue(name)
    return doors.both[:1] if request.param == "one process" else doors.both


async def test_five_hundred_on_a_cold_cache_are_one_request(houses: tuple[House, ...]) -> None:
    body = cached("slow-first-200ms")
    heard = await flood(houses, NATIVE, body, 500)
    assert Counter(one.status for one in heard) == {200: 500}
    assert len({one.json["content"] for one in heard}) == 1
    assert len({one.json["id"] for one in heard}) == 500
    assert Counter(one.cache for one in heard) == {"miss": 1, "hit": 499}
    assert count(houses[0], body) == 1


async def test_when_the_leader_leaves_one_of_those_who_wait_leads(houses: tuple[House, ...]) -> None:
    body = cached("gate-first")
    vendor = houses[0].vendor
    with closing(dial(houses[0], NATIVE, body)):
        await vendor.until(lambda: count(houses[0], body) == 1)
        asking = asyncio.create_task(flood(houses, NATIVE, body, 100))
        await waiting(houses, 101)
    await vendor.until(lambda: count(houses[0], body) == 2, 10)
    await told(vendor.release, asking)
    vendor.hold()
    assert_heard(asking.result(), 100)
    assert count(houses[0], body) == 2


async def test_when_the_leaders_process_is_killed_one_of_those_who_wait_leads(postgres_doors: Doors) -> None:
    body, vendor = cached("gate-first"), postgres_doors.vendor
    third = await asyncio.to_thread(
        started, House(beside(postgres_doors.first.serving), vendor, postgres_doors.first.client)
    )
    with closing(dial(third, NATIVE, body)):
        await vendor.until(lambda: count(third, body) == 1)
        asking = asyncio.create_task(flood(postgres_doors.both, NATIVE, body, 100))
        await waiting(postgres_doors.both, 101)
        await asyncio.to_thread(third.serving.stop, signal.SIGKILL)
        await vendor.until(lambda: count(third, body) == 2, 10)
    await told(vendor.release, asking)
    vendor.hold()
    assert_heard(asking.result(), 100)
    assert count(third, body) == 2


async def test_a_failing_vendor_is_not_asked_by_each_of_those_who_wait(houses: tuple[House, ...]) -> None:
    """Once for each process, at most."""
    body, vendor = cached("fails-at-the-gate"), houses[0].vendor
    asking = asyncio.create_task(flood(houses, NATIVE, body, 100))
    await waiting(houses, 100)
    await told(vendor.release, asking)
    vendor.hold()
    heard = asking.result()
    assert Counter(one.status for one in heard) == {502: 100}
    assert {one.json["error"]["code"] for one in heard} == {"provider_broken"}
    assert len({one.json["error"]["request_id"] for one in heard}) == 100
    assert count(houses[0], body) <= len(houses)


async def waiting(houses: tuple[House, ...], number: int) -> None:
    """All of them are in flight; processes tell each other once a second."""
    async with asyncio.timeout(30):
        while await asyncio.to_thread(in_flight, houses[0]) < number:  # noqa: ASYNC110  # another process tells nobody
            await asyncio.sleep(0.1)


async def told(release: Any, asking: asyncio.Task[list[Heard]]) -> None:
    release()
    async with asyncio.timeout(60):
        await asking


def assert_heard(heard: list[Heard], number: int) -> None:
    assert Counter(one.status for one in heard) == {200: number}
    assert len({one.json["content"] for one in heard}) == 1
    assert Counter(one.cache for one in heard) == {"miss": 1, "hit": number - 1}
