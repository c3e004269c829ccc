"""Whoever finds no room at a provider waits for a turn: by priority, bounded, and with an eye to the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from llm.errors import ProviderBusy
from llm.limits import MemoryMeters, Meters, Permit, WaitingThrottle
from llm.limits.line import HANDICAP, LOOK
from llm.registry import Limits, RouteSpec
from tests.llm.doubles import HandClock
from tests.llm.limits.demands import asked, settled, way


@pytest.fixture
def throttle(meters: Meters, clock: HandClock) -> WaitingThrottle:
    return WaitingThrottle(meters, clock)


ONE_AT_ONCE = Limits(max_concurrency=1)


class Queue:
    """Calls that enter one by one; `order` is in which they got their turn."""

    def __init__(self, throttle: WaitingThrottle, clock: HandClock, route: RouteSpec) -> None:
        self.throttle, self.clock, self.route = throttle, clock, route
        self.order: list[str] = []
        self.tasks: dict[str, asyncio.Task[Permit]] = {}

    async def join(self, name: str, priority: str = "normal", **fields: Any) -> None:
        call = asked(priority=priority, clock=self.clock, **fields)

        async def enter() -> Permit:
            permit = await self.throttle.enter(call, self.route)
            self.order.append(name)
            return permit

        self.tasks[name] = asyncio.create_task(enter())
        await asyncio.sleep(0.01)

    async def drain(self) -> list[str]:
        """Each leaves as soon as it has entered."""
        left = 0
        async with asyncio.timeout(20):
            while left < len(self.tasks):
                await until(lambda: len(self.order) > left)  # noqa: B023  # asked at once
                (await self.tasks[self.order[left]]).leave(None)
                left += 1
        return self.order


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # other tasks and a real server set no event
            await asyncio.sleep(0.005)


async def busy(throttle: WaitingThrottle, *question: Any) -> ProviderBusy:
    with pytest.raises(ProviderBusy) as raised:
        await throttle.enter(*question)
    return raised.value


async def test_without_limits_nobody_waits_and_nothing_is_counted(clock: HandClock) -> None:
    class Untouched(MemoryMeters):
        async def take(self, demands: Any, due: Any = None) -> Any:
            raise AssertionError

    permit = await WaitingThrottle(Untouched(clock=clock), clock).enter(asked(), way())
    permit.hear({"x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0"})
    permit.leave(7)
    assert permit.waited == 0


async def test_high_comes_before_normal_before_low_and_each_in_its_order(
    throttle: WaitingThrottle, clock: HandClock
) -> None:
    queue = Queue(throttle, clock, way(ONE_AT_ONCE))
    for name, priority in (
        ("first", "normal"),
        ("low 1", "low"),
        ("normal 1", "normal"),
        ("high 1", "high"),
        ("low 2", "low"),
        ("normal 2", "normal"),
        ("high 2", "high"),
    ):
        await queue.join(name, priority)
    assert await queue.drain() == ["first", "high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"]


async def test_low_gets_through_however_many_high_ones_come(throttle: WaitingThrottle, clock: HandClock) -> None:
    queue = Queue(throttle, clock, way(ONE_AT_ONCE))
    await queue.join("first")
    await queue.join("low", "low")
    for number in range(6):
        clock.seconds += HANDICAP["low"] / 4
        await queue.join(f"high {number}", "high")
    highs = [f"high {number}" for number in range(6)]
    assert await queue.drain() == ["first", *highs[:3], "low", *highs[3:]]


async def test_waiting_is_told_to_call_record_and_permit(throttle: WaitingThrottle, clock: HandClock) -> None:
    route = way(ONE_AT_ONCE)
    first, call = await throttle.enter(asked(clock=clock), route), asked(clock=clock)
    entering = asyncio.create_task(throttle.enter(call, route))
    await asyncio.sleep(0.02)
    clock.seconds += 3
    first.leave(0)
    permit = await entering
    assert permit.waited == 3
    assert (call.waited, call.record.queue_ms) == (3, 3_000)


async def test_a_waiter_that_leaves_makes_room_at_once(meters: Meters, clock: HandClock) -> None:
    throttle, route = WaitingThrottle(meters, clock, queue=1), way(ONE_AT_ONCE)
    first = await throttle.enter(asked(clock=clock), route)
    leaving = asyncio.create_task(throttle.enter(asked(clock=clock), route))
    await asyncio.sleep(0.02)
    assert (await busy(throttle, asked(clock=clock), route)).code == "provider_busy"
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    entering = asyncio.create_task(throttle.enter(asked(clock=clock), route))
    await asyncio.sleep(0.02)
    first.leave(0)
    (await entering).leave(0)


async def test_a_waiter_that_leaves_as_its_turn_comes_gives_it_back(timed: Meters) -> None:
    throttle, route = WaitingThrottle(timed), way(ONE_AT_ONCE)
    for _ in range(10):
        first = await throttle.enter(asked(), route)
        leaving = asyncio.create_task(throttle.enter(asked(), route))
        await asyncio.sleep(0.01)
        first.leave(0)
        await asyncio.sleep(0.0005)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        if not leaving.cancelled():
            leaving.result().leave(0)
        await settled(timed)
    async with asyncio.timeout(2):
        await throttle.enter(asked(), route)


async def test_one_that_leaves_in_the_moment_of_its_turn_does_not_stop_the_loop(clock: HandClock) -> None:
    """Its task has not run yet when the line is served; meters in the process let no other task run meanwhile."""

    class Bounded(MemoryMeters):
        looks = 0

        async def take(self, demands: Any, due: Any = None) -> Any:
            self.looks += 1
            assert self.looks < 100
            return await super().take(demands, due)

    meters = Bounded(clock=clock)
    throttle, route = WaitingThrottle(meters, clock), way(ONE_AT_ONCE)
    first = await throttle.enter(asked(clock=clock), route)
    leaving, patient = (asyncio.create_task(throttle.enter(asked(clock=clock), route)) for _ in range(2))
    await asyncio.sleep(0.02)
    first.leave(0)
    leaving.cancel()
    await asyncio.wait_for(patient, 1)
    assert meters.looks < 10


async def test_a_turn_that_was_given_in_vain_is_the_next_ones_at_once(clock: HandClock) -> None:
    throttle, route = WaitingThrottle(MemoryMeters(clock=clock), clock), way(ONE_AT_ONCE)
    first = await throttle.enter(asked(clock=clock), route)
    leaving, patient = (asyncio.create_task(throttle.enter(asked(clock=clock), route)) for _ in range(2))
    await asyncio.sleep(0.02)
    first.leave(0)
    asyncio.get_running_loop().call_soon(leaving.cancel)
    await asyncio.wait_for(patient, 1)
    assert leaving.cancelled()


async def test_a_full_line_refuses_with_the_limit_and_when_to_come_again(meters: Meters, clock: HandClock) -> None:
    throttle, route = WaitingThrottle(meters, clock, queue=0), way(Limits(2))
    for _ in range(2):
        await throttle.enter(asked(clock=clock), route)
    error = await busy(throttle, asked(clock=clock), route)
    assert (error.status, error.type, error.source, error.fallback) == (429, "rate_limited", "gateway", True)
    assert error.limit is not None
    assert (error.limit.scope, error.limit.name, error.limit.used, error.limit.max) == (
        "provider",
        "requests_per_minute",
        2,
        2,
    )
    assert error.retry_after == pytest.approx(61.2, abs=0.1)


async def test_who_would_wait_in_vain_is_told_at_once(throttle: WaitingThrottle, clock: HandClock) -> None:
    route = way(Limits(1))
    await throttle.enter(asked(clock=clock), route)
    error = await busy(throttle, asked(clock=clock, seconds=60), route)
    assert error.retry_after == pytest.approx(61.2, abs=0.1)
    patient = asyncio.create_task(throttle.enter(asked(clock=clock, seconds=70), route))
    await asyncio.sleep(0.02)
    assert not patient.done()
    assert (await busy(throttle, asked(clock=clock, seconds=70), route)).retry_after == pytest.approx(122.4, abs=0.2)
    patient.cancel()


async def test_the_deadline_ends_a_wait(timed: Meters) -> None:
    throttle, route, call = WaitingThrottle(timed), way(ONE_AT_ONCE), asked()
    await throttle.enter(asked(), route)
    loop = asyncio.get_running_loop()
    call.deadline = loop.time() + 0.3
    with pytest.raises(ProviderBusy):
        await throttle.enter(call, route)
    assert 0.25 < call.waited < 2


async def test_low_priority_and_batches_leave_a_share_to_the_others(
    throttle: WaitingThrottle, clock: HandClock
) -> None:
    route = way(Limits(10), interactive_share=0.3)
    for call in [asked(priority="low", clock=clock) for _ in range(4)] + [
        asked(surface="celery", clock=clock) for _ in range(3)
    ]:
        await throttle.enter(call, route)
    waiting = asyncio.create_task(throttle.enter(asked(priority="low", clock=clock), route))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    for _ in range(3):
        await asyncio.wait_for(throttle.enter(asked(clock=clock), route), 1)
    waiting.cancel()


async def test_interactive_calls_pass_those_who_wait_for_their_share(
    throttle: WaitingThrottle, clock: HandClock
) -> None:
    """One that yields stands in the line, and was there first."""
    queue = Queue(throttle, clock, way(Limits(max_concurrency=2), interactive_share=0.5))
    await queue.join("low 1", "low")
    await queue.join("low 2", "low")
    clock.seconds += HANDICAP["low"] + 1
    await queue.join("normal")
    await until(lambda: queue.order == ["low 1", "normal"])
    assert await queue.drain() == ["low 1", "normal", "low 2"]


@pytest.mark.parametrize("priority", ["normal", "high"])
async def test_a_line_full_of_those_who_come_later_turns_nobody_away(
    meters: Meters, clock: HandClock, priority: str
) -> None:
    throttle, route = WaitingThrottle(meters, clock, queue=2), way(Limits(4), interactive_share=0.5)

    def enter(priority: str) -> asyncio.Task[Permit]:
        return asyncio.create_task(throttle.enter(asked(priority=priority, clock=clock), route))

    lows = [enter("low") for _ in range(4)]
    await until(lambda: [low.done() for low in lows].count(True) == 2)
    await busy(throttle, asked(priority="low", clock=clock), route)
    await asyncio.wait_for(enter(priority), 1)
    for low in lows:
        low.cancel()


async def test_a_route_without_room_does_not_hold_up_the_others_of_its_provider(
    throttle: WaitingThrottle, clock: HandClock
) -> None:
    narrow = way(Limits(100), own=Limits(1))
    wide = RouteSpec(id=narrow.id + 1, provider=narrow.provider, upstream_model="other")
    await throttle.enter(asked(clock=clock), narrow)
    waiting = asyncio.create_task(throttle.enter(asked(clock=clock, priority="high"), narrow))
    await asyncio.sleep(0.02)
    await asyncio.wait_for(throttle.enter(asked(clock=clock, priority="low"), wide), 1)
    assert not waiting.done()
    waiting.cancel()


async def test_unused_tokens_let_the_next_in_at_once(timed: Meters) -> None:
    throttle, route = WaitingThrottle(timed), way(Limits(tokens_per_minute=1_000))
    first = await throttle.enter(asked(max_tokens=900), route)
    entering = asyncio.create_task(throttle.enter(asked(max_tokens=900), route))
    await asyncio.sleep(0.05)
    assert not entering.done()
    first.leave(20)
    assert (await asyncio.wait_for(entering, 1)).waited < 1


async def test_a_prompt_longer_than_the_limit_goes_elsewhere(throttle: WaitingThrottle, clock: HandClock) -> None:
    error = await busy(throttle, asked(text="word " * 500, clock=clock), way(Limits(tokens_per_minute=100)))
    assert (error.retry_after, error.fallback) == (None, True)


async def test_the_vendors_word_shuts_out_what_it_would_refuse(throttle: WaitingThrottle, clock: HandClock) -> None:
    route = way(Limits(100))
    permit = await throttle.enter(asked(clock=clock), route)
    permit.hear(
        {
            "x-ratelimit-limit-requests": "100",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "30s",
        }
    )
    await settled(throttle._meters)
    error = await busy(throttle, asked(clock=clock, seconds=20), route)
    assert error.retry_after == pytest.approx(30, abs=0.1)
    assert (await throttle.standing(route.provider)) is not None


async def test_the_word_on_tokens_counts_too_and_the_routes_own_limit_first(
    throttle: WaitingThrottle, clock: HandClock
) -> None:
    route = way(Limits(tokens_per_minute=10_000), own=Limits(tokens_per_minute=10_000))
    other = RouteSpec(id=1, provider=route.provider, upstream_model="other")
    permit = await throttle.enter(asked(clock=clock), route)
    permit.hear({"anthropic-ratelimit-tokens-limit": "10000", "anthropic-ratelimit-tokens-remaining": "10"})
    await settled(throttle._meters)
    await busy(throttle, asked(clock=clock, seconds=20), route)
    await asyncio.wait_for(throttle.enter(asked(clock=clock), other), 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "99"},
        {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "100000"},
        {"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "-5"},
        {"x-ratelimit-remaining-requests": "0"},
        {
            "x-ratelimit-limit-requests": "100",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "-9",
        },
        {},
    ],
)
async def test_a_vendors_word_that_tells_nothing_changes_nothing(
    throttle: WaitingThrottle, clock: HandClock, headers: dict[str, str]
) -> None:
    route = way(Limits(100))
    (await throttle.enter(asked(clock=clock), route)).hear(headers)
    await settled(throttle._meters)
    clock.seconds += 0.001
    standing = await throttle.standing(route.provider)
    assert standing is not None
    assert (standing.limit, standing.remaining) == (100, 99)


async def test_standing_is_what_is_left_by_our_own_count(throttle: WaitingThrottle, clock: HandClock) -> None:
    route = way(Limits(60))
    assert await throttle.standing(way().provider) is None
    fresh = await throttle.standing(route.provider)
    assert fresh is not None
    assert (fresh.limit, fresh.remaining, fresh.reset) == (60, 60, 0)
    await throttle.enter(asked(clock=clock), route)
    clock.seconds += 10
    used = await throttle.standing(route.provider)
    assert used is not None
    assert (used.limit, used.remaining) == (60, 59)
    assert used.reset == pytest.approx(51.2)


async def test_only_the_head_looks_and_never_busily(clock: HandClock) -> None:
    class Counting(MemoryMeters):
        looks = 0

        async def take(self, demands: Any, due: Any = None) -> Any:
            self.looks += 1
            return await super().take(demands, due)

    meters = Counting(clock=clock)
    throttle, route = WaitingThrottle(meters, clock), way(Limits(1))
    await throttle.enter(asked(), route)
    waiting = [asyncio.create_task(throttle.enter(asked(), route)) for _ in range(50)]
    await asyncio.sleep(0.3)
    looks = meters.looks
    for _ in range(5):
        clock.seconds += LOOK * 1.2
        await asyncio.sleep(LOOK / 50)
    assert looks <= 52, "each once, when it came"
    assert meters.looks - looks <= 5
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
