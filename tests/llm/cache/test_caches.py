from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable

import pytest

from llm.cache import (
    Cache,
    CachedAnswer,
    MemoryCache,
    NullCache,
    RedisCache,
)
from llm.errors import ProviderBroken
from tests.llm.answers import PATIENT, WHOLE, answer, leads, some_key
from tests.llm.doubles import HandClock


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest, redis_caches: Callable[..., RedisCache]) -> Cache:
    return MemoryCache(size=1_000_000) if request.param == "memory" else redis_caches()


async def test_a_miss_is_a_lease_and_what_it_stores_is_a_hit(cache: Cache) -> None:
    key = some_key()
    await leads(await cache.fetch(key, wait=0)).store(answer(), 60)
    assert await cache.fetch(key, wait=0) == answer()


async def test_nobody_can_spoil_a_kept_answer(cache: Cache) -> None:
    key = some_key()
    await cache.store(key, answer(), 60)
    hit = await cache.fetch(key, wait=0)
    assert isinstance(hit, CachedAnswer)
    hit.completion.choices[0].text = "spoiled"
    assert await cache.fetch(key, wait=0) == answer()


async def test_those_who_come_meanwhile_wait_and_replay(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    followers = [asyncio.create_task(cache.fetch(key, wait=PATIENT)) for _ in range(10)]
    await asyncio.sleep(0.03)
    assert not any(follower.done() for follower in followers)
    await lease.store(answer(), 60)
    assert await asyncio.gather(*followers) == [answer()] * 10


async def test_when_the_leader_gives_up_one_of_those_who_wait_leads(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    followers = [asyncio.create_task(cache.fetch(key, wait=PATIENT)) for _ in range(5)]
    await asyncio.sleep(0.01)
    await lease.release()
    done, waiting = await asyncio.wait(followers, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(waiting)) == (1, 4)
    await leads(done.pop().result()).store(answer(), 60)
    assert await asyncio.gather(*waiting) == [answer()] * 4


async def test_a_wait_is_bounded(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    began = time.monotonic()
    assert await asyncio.gather(*(cache.fetch(key, wait=wait) for wait in (0, 0.05))) == [None, None]
    assert time.monotonic() - began < 0.5
    await lease.release()


async def test_a_cancelled_follower_disturbs_nobody(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    followers = [asyncio.create_task(cache.fetch(key, wait=PATIENT)) for _ in range(3)]
    await asyncio.sleep(0.01)
    followers[0].cancel()
    await asyncio.sleep(0)
    await lease.store(answer(), 60)
    assert await asyncio.gather(*followers[1:]) == [answer()] * 2


async def test_nothing_is_left_behind_by_who_is_cancelled_at_any_instant(cache: Cache) -> None:
    chance = random.Random(3)
    for _ in range(60):
        key = some_key()
        tasks = [asyncio.create_task(cache.fetch(key, wait=PATIENT)) for _ in range(3)]
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(chance.random() * 0.0002)
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(found, BaseException):
                await leads(found).release()
        await leads(await cache.fetch(key, wait=0.01)).release()
        assert not cache._flights  # type: ignore[attr-defined]  # both keep their flights so


async def test_a_lease_that_ends_twice_takes_nobody_elses(cache: Cache) -> None:
    key = some_key()
    stale = leads(await cache.fetch(key, wait=0))
    await stale.release()
    fresh = leads(await cache.fetch(key, wait=0))
    await stale.release()
    assert await cache.fetch(key, wait=0) is None
    await fresh.store(answer(), 60)
    await fresh.release()
    assert await cache.fetch(key, wait=0) == answer()


async def test_what_is_stored_for_no_time_reaches_those_who_wait_and_nobody_else(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    follower = asyncio.create_task(cache.fetch(key, wait=PATIENT))
    await asyncio.sleep(0.01)
    await lease.store(answer(), 0)
    assert await follower == answer()
    await leads(await cache.fetch(key, wait=0)).release()


async def test_an_answer_too_large_to_keep_reaches_those_who_wait_and_nobody_else(cache: Cache) -> None:
    key, large = some_key(), answer("x" * 1_000_001)
    lease = leads(await cache.fetch(key, wait=0))
    follower = asyncio.create_task(cache.fetch(key, wait=PATIENT))
    await asyncio.sleep(0.01)
    await lease.store(large, 60)
    assert await follower == large
    await cache.store(key, large, 60)
    await leads(await cache.fetch(key, wait=0)).release()


async def test_a_refreshed_answer_takes_the_place_of_the_old_one(cache: Cache) -> None:
    key = some_key()
    await cache.store(key, answer("old"), 60)
    await cache.store(key, answer("new"), 60)
    await cache.store(key, answer("for no time"), 0)
    assert await cache.fetch(key, wait=0) == answer("new")


async def test_the_null_cache_lets_everybody_answer_alone() -> None:
    await NullCache().store("key", answer(), 60)
    assert await NullCache().fetch("key", wait=PATIENT) is None


async def test_an_answer_lives_for_its_time() -> None:
    clock = HandClock()
    cache = MemoryCache(clock=clock)
    await cache.store("key", answer(), 60)
    clock.seconds += 59
    assert await cache.fetch("key", wait=0) == answer()
    clock.seconds += 1
    leads(await cache.fetch("key", wait=0))
    assert cache._shelf._used == 0


async def test_the_least_recently_used_go_first_when_there_are_too_many() -> None:
    cache = MemoryCache(entries=2)
    for key in ("a", "b"):
        await cache.store(key, answer(key), 60)
    await cache.fetch("a", wait=0)
    await cache.store("c", answer("c"), 60)
    assert list(cache._shelf._items) == ["a", "c"]


async def test_memory_is_bounded_in_bytes() -> None:
    cache, size = MemoryCache(size=3 * len(WHOLE)), itertools.count()
    for _ in range(10):
        await cache.store(f"{next(size)}", answer(), 60)
    assert (len(cache._shelf._items), cache._shelf._used) == (3, 3 * len(WHOLE))
    await cache.store("9", answer(), 60)
    assert cache._shelf._used == 3 * len(WHOLE)


async def test_when_the_vendor_fails_the_leader_all_who_wait_fail_with_it(cache: Cache) -> None:
    key = some_key()
    lease = leads(await cache.fetch(key, wait=0))
    followers = [asyncio.create_task(cache.fetch(key, wait=PATIENT)) for _ in range(10)]
    await asyncio.sleep(0.03)
    await lease.fail(ProviderBroken("It broke.", code="broken"))
    failures = await asyncio.gather(*followers, return_exceptions=True)
    assert [(type(one), getattr(one, "code", "")) for one in failures] == [(ProviderBroken, "broken")] * 10
    assert len(set(map(id, failures))) == 10
    await leads(await cache.fetch(key, wait=0)).release()
