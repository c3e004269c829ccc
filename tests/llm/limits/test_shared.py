"""What processes that share a Redis promise one another, and what holds while it is away."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from config import env
from llm.limits import RedisMeters, WaitingThrottle
from llm.limits.meters import demands_on
from llm.limits.shared import APART, SILENCE
from llm.limits.usage import of_provider
from llm.redis import GuardedRedis
from llm.registry import Limits
from tests.llm.doubles import HandClock
from tests.llm.limits.demands import asked, granted, places, requests, settled, takes, tokens, used, way
from tests.llm.own_redis import OwnRedis
from tests.services import free_port

pytestmark = pytest.mark.alone  # Redis has milliseconds to answer in

Make = Callable[..., RedisMeters]


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Make]:
    """Makes meters as if each had a process of its own, whose pulse beats when the test says so."""
    made: list[tuple[RedisMeters, GuardedRedis]] = []

    def make_one(url: str = redis_url, **settings: Any) -> RedisMeters:
        redis = GuardedRedis(url, cool_down=0.05)
        made.append((RedisMeters(redis, **({"sleep": never} | settings)), redis))
        return made[-1][0]

    yield make_one
    for meters, redis in made:
        await meters.close()
        await redis.close()


async def never(seconds: float) -> None:
    await asyncio.Event().wait()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # a real server's return sets no event
            await asyncio.sleep(0.01)


async def test_processes_share_one_count(make: Make, clock: HandClock) -> None:
    processes, demand = itertools.cycle([make(clock=clock), make(clock=clock)]), requests(5)
    assert sum([await takes(next(processes), demand) for _ in range(10)]) == 5


async def test_processes_share_places(make: Make) -> None:
    one, other, demand = make(), make(), places(3)
    first = await one.take([demand])
    assert granted([await meters.take([demand]) for meters in (other, one, other)]) == 2
    first.leave(0)
    await settled(one)
    assert await takes(other, demand)


async def test_who_came_before_in_another_process_goes_first(make: Make, clock: HandClock) -> None:
    one, other, demand = make(clock=clock), make(clock=clock), places(1)
    early, late = clock.seconds, clock.seconds + 10
    first = await one.take([demand])
    assert (await other.take([demand], early)).short is not None
    first.leave(0)
    await settled(one)
    yielding = (await one.take([demand], late)).short
    assert yielding is not None
    assert 0 < yielding.wait < 1
    second = await other.take([demand], early)
    assert second.short is None
    second.leave(0)
    await settled(other)
    assert (await one.take([demand], late)).short is None


async def test_a_crowd_in_one_process_does_not_keep_a_place_from_another(make: Make) -> None:
    here, there, route = WaitingThrottle(make()), WaitingThrottle(make()), way(Limits(max_concurrency=1))

    async def again_and_again() -> None:
        while True:
            permit = await here.enter(asked(priority="low"), route)
            await asyncio.sleep(0.01)
            permit.leave(0)

    crowd = [asyncio.create_task(again_and_again()) for _ in range(4)]
    await until(lambda: len(here._line(route.provider)) > 1)
    await asyncio.wait_for(there.enter(asked(priority="high"), route), 5)
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_nobody_is_put_off_for_one_who_came_a_moment_earlier(make: Make, clock: HandClock) -> None:
    one, other, demand = make(clock=clock), make(clock=clock), places(1)
    first = await one.take([demand])
    await other.take([demand], clock.seconds)
    first.leave(0)
    await settled(one)
    assert (await one.take([demand], clock.seconds + APART / 2)).short is None


async def test_one_that_yields_holds_up_nobody_of_its_own_process_who_need_not(make: Make, clock: HandClock) -> None:
    here, there, route = make(clock=clock), make(clock=clock), way(Limits(max_concurrency=1), interactive_share=0)
    throttle = WaitingThrottle(here, clock)
    (demand,) = demands_on(route.provider.limits, of_provider(route.provider.id), "provider", tokens=0, window=60)
    first = await there.take([demand])
    low = asyncio.create_task(throttle.enter(asked(priority="low", clock=clock), route))
    await until(lambda: len(throttle._line(route.provider)) == 1)
    await there.take([demand], clock.seconds)
    first.leave(0)
    await settled(there)
    clock.seconds += 0.3
    await until(lambda: throttle._line(route.provider)._full[demand.key].reading.used == 0)
    await asyncio.wait_for(throttle.enter(asked(priority="high", clock=clock), route), 1)
    assert not low.done()
    low.cancel()


async def test_who_looks_no_more_has_left_the_line(make: Make, clock: HandClock) -> None:
    one, other, demand, rare = make(clock=clock), make(clock=clock), places(1), requests(1)
    first = await one.take([demand, rare])
    await other.take([demand], clock.seconds), await other.take([rare], clock.seconds)
    first.undo()
    await settled(one)
    late = clock.seconds + 10
    assert (await one.take([demand], late)).short is not None
    clock.seconds += 0.5
    assert (await one.take([demand], late)).short is None
    assert (await one.take([rare], late)).short is not None
    clock.seconds += 1
    assert (await one.take([rare], late)).short is None


async def test_only_those_who_want_the_same_stand_in_line(make: Make, clock: HandClock) -> None:
    one, other, full, free = make(clock=clock), make(clock=clock), places(1), places(9)
    await one.take([full])
    await other.take([full, free], clock.seconds)
    assert (await one.take([free], clock.seconds + 10)).short is None


async def test_the_server_tells_the_time_and_forgets_what_is_over(make: Make, redis: GuardedRedis) -> None:
    demand, busy = requests(100_000), places(3)
    taken = await make().take([demand, busy])
    assert taken.readings[0].wait == pytest.approx(60, abs=0.01)
    assert 59_000 < await redis.run("PTTL", demand.key) <= 60_000
    assert SILENCE * 900 < await redis.run("PTTL", busy.key) <= SILENCE * 1_000


async def test_a_high_limit_stays_small_in_redis(make: Make, redis: GuardedRedis, clock: HandClock) -> None:
    meters, demand = make(clock=clock), requests(100_000)
    for _ in range(70):
        clock.seconds += 0.9
        await asyncio.gather(*(meters.take([demand]) for _ in range(5)))
    assert await redis.run("STRLEN", demand.key) < 1_500


async def test_a_clock_set_far_back_locks_nobody_out(make: Make, clock: HandClock) -> None:
    meters, demand, busy = make(clock=clock), requests(1), places(1)
    await make(clock=clock).take([busy])
    await meters.take([demand])
    clock.seconds -= 120
    assert await takes(meters, demand, busy)


async def test_the_places_of_a_silent_process_come_free(make: Make, clock: HandClock) -> None:
    dead, alive, demand = make(clock=clock), make(clock=clock), places(1)
    assert await takes(dead, demand)
    clock.seconds += SILENCE - 1
    assert not await takes(alive, demand)
    clock.seconds += 1
    assert await takes(alive, demand)


async def test_a_sign_of_life_keeps_them(make: Make, clock: HandClock) -> None:
    one, other, demand = make(clock=clock), make(clock=clock), places(1)
    await one.take([demand])
    for _ in range(5):
        clock.seconds += SILENCE - 1
        one._beat()
        await settled(one)
        assert not await takes(other, demand)


async def test_an_emptied_redis_is_told_again_what_is_held(make: Make, own_redis: OwnRedis) -> None:
    one, other, demand, count = make(own_redis.url), make(own_redis.url), places(3), requests(3)
    held = [await one.take([demand, count]) for _ in range(2)]
    await other._client.run("FLUSHALL")
    assert await used(other, count) == 0
    one._beat()
    await settled(one)
    assert await used(other, demand) == 2
    held[0].leave(0)
    await settled(one)
    assert await used(other, demand) == 1


async def test_whoever_takes_first_after_that_tells_it_too(make: Make, own_redis: OwnRedis) -> None:
    one, demand = make(own_redis.url), places(3)
    await one.take([demand]), await one.take([demand])
    await one._client.run("FLUSHALL")
    assert granted([await one.take([demand]) for _ in range(2)]) == 1


async def test_a_call_that_leaves_while_it_is_counted_leaves_nothing_behind(make: Make) -> None:
    meters, demands = make(), [requests(5), tokens(100, 50), places(1)]
    await meters.take([requests(1)])
    taking = asyncio.create_task(meters.take(demands))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await asyncio.sleep(0.05)
    assert [await used(meters, demand) for demand in demands] == [0, 0, 0]


async def test_a_beat_between_question_and_answer_loses_no_place(make: Make) -> None:
    """What is not answered yet is not in the number that is told."""
    one, other, demand = make(), make(), places(10)
    for _ in range(5):
        taking = asyncio.create_task(one.take([demand]))
        await asyncio.sleep(0)
        one._beat()
        await taking
    await settled(one)
    assert await used(other, demand) == 5


async def test_without_redis_a_smaller_share_is_granted_and_said(make: Make, clock: HandClock) -> None:
    meters = make(f"redis://127.0.0.1:{free_port()}", local_share=0.25, clock=clock)
    demand, busy = requests(8), places(4)
    taken = [await meters.take([demand, busy]) for _ in range(2)]
    assert [(one.alone, one.short is None) for one in taken] == [(True, True), (True, False)]
    assert (meters.degraded, meters.fallbacks) == (True, 2)
    assert taken[1].short is not None
    assert (taken[1].short.demand.name, taken[1].short.demand.most) == ("max_concurrency", 1)
    taken[0].leave(0)
    assert await takes(meters, demand, busy)


async def test_a_frozen_redis_makes_nobody_unlimited_and_its_return_ends_the_shortage(
    make: Make, own_redis: OwnRedis
) -> None:
    meters, demand = make(own_redis.url), requests(10)
    await meters.take([demand])
    own_redis.freeze()
    assert sum([await takes(meters, demand) for _ in range(20)]) == 5
    assert meters.fallbacks == 20
    own_redis.thaw()
    await until(lambda: meters._client.is_available)
    assert 1 <= await used(meters, demand) <= 4, "those that it read when it woke up are counted there too"
    assert not meters.degraded


async def test_after_its_return_it_learns_what_began_and_ended_without_it(make: Make, own_redis: OwnRedis) -> None:
    one, other, demand = make(own_redis.url), make(own_redis.url), places(20)
    before = [await one.take([demand]) for _ in range(3)]
    one._beat()
    await settled(one)
    own_redis.freeze()
    during = [await one.take([demand]) for _ in range(4)]
    before[0].leave(0)
    during[0].leave(0)
    await until(lambda: not one._client.is_available)
    own_redis.thaw()
    await until(lambda: one._client.is_available)
    assert await takes(one, demand)
    await settled(one)
    assert await used(other, demand) == 6
    for taken in before[1:] + during[1:]:
        taken.leave(0)
    await settled(one)
    assert await used(other, demand) == 1


async def test_closing_frees_the_places_of_what_was_still_going_on(make: Make) -> None:
    one, other, demand = make(), make(), places(1)
    await one.take([demand])
    await one.close()
    assert await takes(other, demand)


HOLDS = """
import asyncio, sys
from llm.limits import RedisMeters
from llm.limits.meters import Demand
from llm.redis import GuardedRedis

async def hold():
    meters = RedisMeters(GuardedRedis(sys.argv[1]), silence=1.5, sleep=lambda seconds: asyncio.sleep(seconds / 5))
    await meters.take([Demand(sys.argv[2], "max_concurrency", "key", 1, 1, 0)])
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


async def test_a_killed_process_loses_its_places_and_a_living_one_does_not(make: Make, redis_url: str) -> None:
    meters, demand = make(silence=1.5), places(1)
    process = subprocess.Popen(  # noqa: ASYNC220  # nothing else goes on in this test's loop
        [sys.executable, "-c", HOLDS, redis_url, demand.key], cwd=env.ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    await asyncio.sleep(2)
    assert not await takes(meters, demand)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not await takes(meters, demand)
    await asyncio.sleep(1.7)
    assert await takes(meters, demand)
