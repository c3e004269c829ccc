"""Fixtures of the core's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llm.cache import RedisCache
from llm.redis import GuardedRedis
from tests.llm.own_redis import OwnRedis


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., OwnRedis]]:
    """Starts a Redis with the options given, for this test alone."""
    started: list[OwnRedis] = []

    def start(*options: str) -> OwnRedis:
        server = OwnRedis(tmp_path, *options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def own_redis(start_redis: Callable[..., OwnRedis]) -> OwnRedis:
    """A running Redis that nobody else uses: freeze and kill it at will."""
    return start_redis()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[GuardedRedis]:
    redis = GuardedRedis(redis_url)
    yield redis
    await redis.close()


@pytest.fixture
async def redis_caches(redis_url: str) -> AsyncIterator[Callable[..., RedisCache]]:
    """Makes caches as if each had a process of its own."""
    made: list[tuple[RedisCache, GuardedRedis]] = []

    def make(url: str = redis_url, **settings: Any) -> RedisCache:
        redis = GuardedRedis(url, cool_down=0.05)
        made.append((RedisCache(redis, **settings), redis))
        return made[-1][0]

    yield make
    for cache, redis in made:
        await cache.close()
        await redis.close()
