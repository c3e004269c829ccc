from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from llm.call import Caller
from llm.errors import RateLimited
from llm.limits import (
    UNLIMITED,
    WINDOW,
    Admission,
    Limiter,
    MemoryLimiter,
    NoLimiter,
    RedisLimiter,
    Window,
    duration,
    redis_key,
)
from llm.redis import GuardedRedis
from llm.registry import Limits
from tests.llm.doubles import HandClock
from tests.llm.own_redis import OwnRedis
from tests.services import free_port

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["memory", "redis"])
def limiter(request: pytest.FixtureRequest, clock: HandClock, redis: GuardedRedis) -> Limiter:
    return MemoryLimiter(clock=clock) if request.param == "memory" else RedisLimiter(redis, clock=clock)


def caller(limit: int | None) -> Caller:
    """A key that no other test has."""
    return Caller(uuid4().int >> 80, "frontend", 7, "acme", limits=Limits(limit))


async def refusal(admission: Awaitable[Admission]) -> RateLimited:
    with pytest.raises(RateLimited) as raised:
        await admission
    return raised.value


async def admits(limiter: Limiter, key: Caller) -> bool:
    try:
        await limiter.admit(key)
    except RateLimited:
        return False
    return True


async def test_the_limit_passes_and_not_one_more(limiter: Limiter) -> None:
    key = caller(3)
    assert [(await limiter.admit(key)).remaining for _ in range(3)] == [2, 1, 0]
    await refusal(limiter.admit(key))


async def test_a_refusal_says_which_limit_and_when_there_is_room_again(limiter: Limiter, clock: HandClock) -> None:
    key = caller(2)
    await limiter.admit(key)
    clock.seconds += 20
    await limiter.admit(key)
    clock.seconds += 10
    error = await refusal(limiter.admit(key))
    assert error.limit is not None
    assert (error.limit.name, error.limit.scope, error.limit.used, error.limit.max) == (
        "requests_per_minute",
        "key",
        2,
        2,
    )
    assert error.retry_after == pytest.approx(30)
    assert error.limit.resets_at == clock.now() + timedelta(seconds=30)
    assert (error.status, error.code) == (429, "rate_limited")


async def test_an_admission_says_what_is_left_and_when_there_is_more(limiter: Limiter, clock: HandClock) -> None:
    key = caller(10)
    await limiter.admit(key)
    clock.seconds += 45
    admission = await limiter.admit(key)
    assert (admission.limit, admission.remaining, admission.degraded) == (10, 8, False)
    assert admission.reset == pytest.approx(15)


async def test_room_comes_back_sixty_seconds_after_each_request(limiter: Limiter, clock: HandClock) -> None:
    key = caller(2)
    start = clock.seconds
    await limiter.admit(key)
    clock.seconds = start + 30.25
    await limiter.admit(key)
    clock.seconds = start + 59.75
    await refusal(limiter.admit(key))
    clock.seconds = start + 60
    assert await admits(limiter, key)
    assert not await admits(limiter, key)
    clock.seconds = start + 90.25
    assert await admits(limiter, key)


@pytest.mark.parametrize(("limit", "pause"), [(1, 20.0), (7, 5.0), (40, 1.0), (90, 0.3)])
async def test_never_more_than_the_limit_in_any_sixty_seconds_nor_much_less(
    limiter: Limiter, clock: HandClock, limit: int, pause: float
) -> None:
    """Random arrivals: no window of sixty seconds holds more than the limit; a refusal has one of 61 that is full."""
    chance, key = random.Random(limit), caller(limit)
    passed: list[float] = []
    for _ in range(1_500):
        clock.seconds += chance.choice([0, 0, chance.random() * 2 * pause])
        if await admits(limiter, key):
            passed.append(clock.seconds)
        else:
            assert len([instant for instant in passed if instant > clock.seconds - 61]) >= limit
    assert limit * 2 < len(passed) < 1_500
    for first, beyond in zip(passed, passed[limit:], strict=False):
        assert beyond - first > WINDOW - 1e-6


async def test_refused_requests_do_not_count(limiter: Limiter, clock: HandClock) -> None:
    key = caller(1)
    await limiter.admit(key)
    for _ in range(5):
        clock.seconds += 10
        await refusal(limiter.admit(key))
    clock.seconds += 10
    assert await admits(limiter, key)


async def test_keys_have_room_of_their_own(limiter: Limiter) -> None:
    first, second = caller(1), caller(1)
    await limiter.admit(first)
    assert await admits(limiter, second)


async def test_a_changed_limit_counts_at_once(limiter: Limiter) -> None:
    key = caller(5)
    for _ in range(4):
        await limiter.admit(key)
    error = await refusal(limiter.admit(replace(key, limits=Limits(2))))
    assert error.limit is not None
    assert (error.limit.used, error.limit.max) == (4, 2)
    assert (await limiter.admit(replace(key, limits=Limits(6)))).remaining == 1


async def test_a_lowered_limit_waits_for_all_that_are_too_many(limiter: Limiter, clock: HandClock) -> None:
    key = caller(3)
    for _ in range(3):
        await limiter.admit(key)
        clock.seconds += 10
    error = await refusal(limiter.admit(replace(key, limits=Limits(2))))
    assert error.retry_after == pytest.approx(40)


async def test_a_limit_of_none_at_all_refuses_everything(limiter: Limiter) -> None:
    assert (await refusal(limiter.admit(caller(0)))).retry_after == WINDOW


async def test_many_at_once_are_counted_one_by_one(limiter: Limiter) -> None:
    key = caller(20)
    assert sum(await asyncio.gather(*(admits(limiter, key) for _ in range(50)))) == 20


async def test_the_unlimited_have_no_limits_to_show(limiter: Limiter) -> None:
    assert await limiter.admit(caller(None)) is UNLIMITED
    assert UNLIMITED.headers(NOON) == {}


async def test_no_limiter_admits_everybody() -> None:
    assert await NoLimiter().admit(caller(0)) is UNLIMITED


def test_headers_are_those_of_the_vendors() -> None:
    assert Admission(600, 599, 59.5).headers(NOON) == {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "599",
        "x-ratelimit-reset-requests": "59.5s",
        "anthropic-ratelimit-requests-limit": "600",
        "anthropic-ratelimit-requests-remaining": "599",
        "anthropic-ratelimit-requests-reset": "2026-11-20T12:01:00Z",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (-1, "0ms"),
        (0.0001, "1ms"),
        (0.012, "12ms"),
        (0.9999, "1s"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9999, "1m0s"),
        (72.5, "1m12.5s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (3725, "1h2m5s"),
    ],
)
def test_durations_read_as_the_vendors_write_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_high_limit_needs_no_more_memory_than_a_window_of_seconds() -> None:
    window = Window()
    for number in range(30_000):
        window.admit(1000 + number / 250, 100_000)
    assert len(window._runs) <= 61


async def test_the_process_forgets_keys_that_are_idle(clock: HandClock) -> None:
    limiter = MemoryLimiter(clock=clock)
    for _ in range(100):
        await limiter.admit(caller(5))
    clock.seconds += 61
    key = caller(5)
    for _ in range(100):
        await limiter.admit(replace(key, limits=Limits(200)))
    assert len(limiter._windows) == 1


@pytest.mark.parametrize(("share", "limit", "granted"), [(0.2, 600, 120), (0.8, 7, 5), (0.2, 3, 1), (0.2, 0, 0)])
async def test_a_process_grants_its_share_rounded_down_but_not_to_nothing(
    clock: HandClock, share: float, limit: int, granted: int
) -> None:
    limiter, key = MemoryLimiter(share=share, clock=clock), caller(limit)
    attempts = [await admits(limiter, key) for _ in range(limit + 1)]
    assert sum(attempts) == granted


async def test_processes_share_one_count(redis_url: str, redis: GuardedRedis, clock: HandClock) -> None:
    other = GuardedRedis(redis_url)
    limiters, key = itertools.cycle([RedisLimiter(redis, clock=clock), RedisLimiter(other, clock=clock)]), caller(5)
    assert sum([await admits(next(limiters), key) for _ in range(10)]) == 5
    await other.close()


async def test_the_server_tells_the_time_and_forgets_the_key(redis: GuardedRedis) -> None:
    limiter, key = RedisLimiter(redis), caller(100_000)
    admission = await limiter.admit(key)
    assert admission.reset == pytest.approx(60, abs=0.01)
    assert 59_000 < await redis.run("PTTL", redis_key(key)) <= 60_000


async def test_a_high_limit_stays_small_in_redis(redis: GuardedRedis, clock: HandClock) -> None:
    limiter, key = RedisLimiter(redis, clock=clock), caller(100_000)
    for _ in range(70):
        clock.seconds += 0.9
        await asyncio.gather(*(limiter.admit(key) for _ in range(5)))
    assert await redis.run("STRLEN", redis_key(key)) < 1_500


async def test_a_clock_set_far_back_locks_nobody_out(redis: GuardedRedis, clock: HandClock) -> None:
    limiter, key = RedisLimiter(redis, clock=clock), caller(1)
    await limiter.admit(key)
    clock.seconds -= 120
    assert await admits(limiter, key)


async def test_the_unlimited_cost_no_round_trip() -> None:
    limiter = RedisLimiter(GuardedRedis(f"redis://127.0.0.1:{free_port()}"))
    assert await limiter.admit(caller(None)) is UNLIMITED
    assert (limiter.degraded, limiter.fallbacks) == (False, 0)


async def test_without_redis_a_smaller_share_is_granted_and_said(clock: HandClock) -> None:
    redis = GuardedRedis(f"redis://127.0.0.1:{free_port()}")
    limiter, key = RedisLimiter(redis, local_share=0.25, clock=clock), caller(8)
    admissions = [await limiter.admit(key) for _ in range(2)]
    assert [(admission.limit, admission.remaining, admission.degraded) for admission in admissions] == [
        (2, 1, True),
        (2, 0, True),
    ]
    error = await refusal(limiter.admit(key))
    assert error.limit is not None
    assert error.limit.max == 2
    assert (limiter.degraded, limiter.fallbacks) == (True, 3)
    await redis.close()


async def test_a_frozen_redis_makes_nobody_unlimited_and_its_return_ends_the_shortage(own_redis: OwnRedis) -> None:
    redis = GuardedRedis(own_redis.url, cool_down=0.05)
    limiter, key = RedisLimiter(redis), caller(10)
    await limiter.admit(key)
    own_redis.freeze()
    assert sum([await admits(limiter, key) for _ in range(20)]) == 5
    assert limiter.fallbacks == 20
    own_redis.thaw()
    await _until(lambda: redis.is_available)
    assert not (await limiter.admit(key)).degraded
    assert not limiter.degraded
    await redis.close()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a real server's return sets no event
            await asyncio.sleep(0.01)
