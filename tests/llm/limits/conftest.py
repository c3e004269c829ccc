"""Both ways to count, held to the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from llm.limits import MemoryMeters, Meters, RedisMeters
from llm.redis import GuardedRedis
from tests.llm.doubles import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["memory", "redis"])
async def meters(request: pytest.FixtureRequest, clock: HandClock, redis: GuardedRedis) -> AsyncIterator[Meters]:
    await redis.run("PING")
    made: Meters = MemoryMeters(clock=clock) if request.param == "memory" else RedisMeters(redis, clock=clock)
    yield made
    await made.close()


@pytest.fixture(params=["memory", "redis"])
async def timed(request: pytest.FixtureRequest, redis: GuardedRedis) -> AsyncIterator[Meters]:
    """By the clocks of the process and the server."""
    await redis.run("PING")
    made: Meters = MemoryMeters() if request.param == "memory" else RedisMeters(redis)
    yield made
    await made.close()
