from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from llm.cache import CachedAnswer, Lease, RedisCache
from llm.cache.redis import entry_key, lock_key
from llm.redis import GuardedRedis
from tests.llm.answers import PATIENT, STRANGE, answer, leads, some_key
from tests.llm.own_redis import OwnRedis
from tests.services import free_port

pytestmark = pytest.mark.alone


async def test_redis_forgets_an_answer_after_its_time_and_the_lock_at_once(
    redis_caches: Callable[..., RedisCache], redis: GuardedRedis
) -> None:
    cache, key = redis_caches(), some_key()
    lease = leads(await cache.fetch(key, wait=0))
    assert 3_000 < await redis.run("PTTL", lock_key(key)) <= 4_000
    await lease.store(answer(), 60)
    assert 59_000 < await redis.run("PTTL", entry_key(key)) <= 60_000
    assert await redis.run("EXISTS", lock_key(key)) == 0


async def test_another_process_follows_too(redis_caches: Callable[..., RedisCache]) -> None:
    here, there, key = redis_caches(), redis_caches(), some_key()
    lease = leads(await here.fetch(key, wait=0))
    followers = [asyncio.create_task(there.fetch(key, wait=PATIENT)) for _ in range(5)]
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await lease.store(answer(), 60)
    assert await asyncio.gather(*followers) == [answer()] * 5
    assert time.monotonic() - began < 0.5


async def test_those_who_follow_another_process_share_one_wait(
    redis_caches: Callable[..., RedisCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, key = redis_caches(), redis_caches(), some_key()
    lease = leads(await here.fetch(key, wait=0))
    asked: list[object] = []
    evaluate = there._redis.evaluate

    async def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return await evaluate(*arguments)

    monkeypatch.setattr(there._redis, "evaluate", counted)
    followers = [asyncio.create_task(there.fetch(key, wait=PATIENT)) for _ in range(50)]
    await asyncio.sleep(0.3)
    assert 3 < len(asked) < 20
    await lease.release()
    done, waiting = await asyncio.wait(followers, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    await leads(done.pop().result()).store(answer(), 60)
    await asyncio.gather(*waiting)


async def test_if_the_one_who_looks_after_a_key_loses_patience_another_takes_over(
    redis_caches: Callable[..., RedisCache],
) -> None:
    here, there, key = redis_caches(), redis_caches(), some_key()
    lease = leads(await here.fetch(key, wait=0))
    hasty = asyncio.create_task(there.fetch(key, wait=0.03))
    await asyncio.sleep(0.01)
    patient = asyncio.create_task(there.fetch(key, wait=PATIENT))
    cancelled = asyncio.create_task(there.fetch(key, wait=PATIENT))
    assert await hasty is None
    cancelled.cancel()
    await lease.store(answer(), 60)
    assert await patient == answer()


async def test_never_more_than_one_asks_upstream_for_a_key(redis_caches: Callable[..., RedisCache]) -> None:
    """Three processes, many callers; leaders answer, give up or are cancelled at random."""
    caches, keys, chance = [redis_caches() for _ in range(3)], [some_key() for _ in range(3)], random.Random(5)
    upstream: dict[str, int] = dict.fromkeys(keys, 0)
    kept: set[str] = set()

    async def ask(cache: RedisCache, key: str) -> None:
        await asyncio.sleep(chance.random() * 0.2)
        found = await cache.fetch(key, wait=PATIENT)
        assert found is not None
        if isinstance(found, CachedAnswer):
            return
        assert key not in kept
        upstream[key] += 1
        assert upstream[key] == 1
        try:
            await asyncio.sleep(chance.random() * 0.05)
        finally:
            upstream[key] -= 1
            if chance.random() < 0.2:
                kept.add(key)
                await found.store(answer(key), 60)
            else:
                await found.release()

    tasks = [asyncio.create_task(ask(cache, key)) for cache in caches for key in keys for _ in range(15)]
    for task in chance.sample(tasks, 20):
        await asyncio.sleep(0.01)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert [cache.faults for cache in caches] == [0, 0, 0]


async def test_two_event_loops_share_a_key(redis_caches: Callable[..., RedisCache], redis_url: str) -> None:
    key = some_key()

    async def follow() -> CachedAnswer | Lease | None:
        redis = GuardedRedis(redis_url)
        found = await RedisCache(redis).fetch(key, wait=PATIENT)
        await redis.close()
        return found

    lease = leads(await redis_caches().fetch(key, wait=0))
    follower = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(follow())))
    await asyncio.sleep(0.1)
    await lease.store(answer(), 60)
    assert await follower == answer()


LEADER = """
import asyncio, sys
from llm.cache import RedisCache
from llm.redis import GuardedRedis

async def main():
    cache = RedisCache(GuardedRedis(sys.argv[1]), lock=1.0)
    lease = await cache.fetch(sys.argv[2], wait=0)
    print("leading", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_when_the_leader_is_killed_another_process_leads(
    redis_caches: Callable[..., RedisCache], redis_url: str
) -> None:
    """While it lives nobody else does, long beyond the life of a lock that is not renewed."""
    key, cache = some_key(), redis_caches(lock=1.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEADER, redis_url, key, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"leading\n"
    assert await cache.fetch(key, wait=1.5) is None
    process.kill()
    await process.wait()
    began = time.monotonic()
    await leads(await cache.fetch(key, wait=PATIENT)).release()
    assert time.monotonic() - began < 3


async def test_a_lock_lasts_as_long_as_its_lease(redis_caches: Callable[..., RedisCache]) -> None:
    here, there, key = redis_caches(lock=0.3), redis_caches(), some_key()
    lease = leads(await here.fetch(key, wait=0))
    assert await there.fetch(key, wait=0.6) is None
    await lease.release()


async def test_a_lease_renews_nothing_once_it_has_ended(
    redis_caches: Callable[..., RedisCache], redis: GuardedRedis
) -> None:
    cache, key = redis_caches(lock=0.1), some_key()
    await leads(await cache.fetch(key, wait=0)).release()
    await leads(await cache.fetch(key, wait=0)).store(answer(), 60)
    assert cache._renewal is not None
    await asyncio.wait_for(cache._renewal, 1)
    assert await redis.run("EXISTS", lock_key(key)) == 0


async def test_a_lease_that_outlived_its_lock_takes_nobody_elses(
    redis_caches: Callable[..., RedisCache], redis: GuardedRedis
) -> None:
    here, there, key = redis_caches(), redis_caches(), some_key()
    stale = leads(await here.fetch(key, wait=0))
    await redis.run("DEL", lock_key(key))
    fresh = leads(await there.fetch(key, wait=0))
    await stale.release()
    await stale.store(answer(), 60)
    assert await redis.run("EXISTS", lock_key(key)) == 1
    await fresh.release()


@pytest.mark.parametrize("raw", [raw for raw in STRANGE if raw])
async def test_an_unreadable_entry_is_a_counted_miss(
    redis_caches: Callable[..., RedisCache], redis: GuardedRedis, raw: bytes
) -> None:
    cache, key = redis_caches(), some_key()
    await redis.run("SET", entry_key(key), raw, "EX", 60)
    await leads(await cache.fetch(key, wait=0)).release()
    assert cache.faults == 1


async def test_a_broken_cache_is_a_counted_miss(redis_caches: Callable[..., RedisCache]) -> None:
    cache = redis_caches(f"redis://127.0.0.1:{free_port()}")
    assert await cache.fetch("key", wait=PATIENT) is None
    await cache.store("key", answer(), 60)
    assert cache.faults == 2


async def test_a_frozen_redis_holds_nobody_up(redis_caches: Callable[..., RedisCache], own_redis: OwnRedis) -> None:
    """Neither those who ask one key nor those who ask many; and those behind a leader here still get its answer."""
    cache, led, key = redis_caches(own_redis.url), some_key(), some_key()
    lease = leads(await cache.fetch(led, wait=0))
    follower = asyncio.create_task(cache.fetch(led, wait=PATIENT))
    await asyncio.sleep(0)
    own_redis.freeze()
    began = time.monotonic()
    assert await asyncio.gather(*(cache.fetch(key, wait=PATIENT) for _ in range(20))) == [None] * 20
    assert time.monotonic() - began < 0.5
    assert await asyncio.gather(*(cache.fetch(some_key(), wait=PATIENT) for _ in range(20))) == [None] * 20
    await lease.store(answer(), 60)
    assert await follower == answer()
    began = time.monotonic()
    assert await cache.fetch(some_key(), wait=PATIENT) is None
    assert time.monotonic() - began < 0.05
