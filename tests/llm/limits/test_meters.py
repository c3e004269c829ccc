"""All that is counted, in this process and in Redis alike."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from llm.limits import MemoryMeters, Meters
from tests.llm.doubles import HandClock
from tests.llm.limits.demands import granted, places, requests, takes, tokens, used


async def test_the_limit_passes_and_not_one_more(meters: Meters) -> None:
    demand = requests(3)
    assert [(await meters.take([demand])).readings[0].remaining for _ in range(3)] == [2, 1, 0]
    assert not await takes(meters, demand)


async def test_of_several_limits_all_are_taken_or_none(meters: Meters) -> None:
    wide, narrow = requests(10), requests(1)
    assert await takes(meters, wide, narrow)
    assert not await takes(meters, wide, narrow)
    assert await used(meters, wide) == 1


async def test_what_is_short_longest_is_named(meters: Meters, clock: HandClock) -> None:
    first, second = requests(1), requests(1)
    await meters.take([first])
    clock.seconds += 20
    await meters.take([second])
    refused = await meters.take([first, second, requests(5)])
    assert refused.short is not None
    assert refused.short.demand == second
    assert [reading.fits for reading in refused.readings] == [False, False, True]
    assert [reading.wait for reading in refused.readings[:2]] == [pytest.approx(40), pytest.approx(60)]


async def test_many_at_once_are_counted_one_by_one(meters: Meters) -> None:
    demand = requests(20)
    assert granted(await asyncio.gather(*(meters.take([demand]) for _ in range(50)))) == 20


@pytest.mark.parametrize(("limit", "pause"), [(1, 20.0), (7, 5.0), (40, 0.8)])
async def test_never_more_than_the_limit_in_any_sixty_seconds_nor_much_less(
    meters: Meters, clock: HandClock, limit: int, pause: float
) -> None:
    """Random arrivals: no window of sixty seconds holds more than the limit; a refusal has one of 61 that is full."""
    chance, demand = random.Random(limit), requests(limit)
    passed: list[float] = []
    for _ in range(900):
        clock.seconds += chance.choice([0, 0, chance.random() * 2 * pause])
        if await takes(meters, demand):
            passed.append(clock.seconds)
        else:
            assert len([instant for instant in passed if instant > clock.seconds - 61]) >= limit
    assert limit * 2 < len(passed) < 900
    for first, beyond in zip(passed, passed[limit:], strict=False):
        assert beyond - first > 60 - 1e-6


async def test_tokens_never_pass_the_limit_in_any_sixty_seconds(meters: Meters, clock: HandClock) -> None:
    """Random amounts, settled at random to less than was taken."""
    chance, limited = random.Random(3), tokens(1_000, 1)
    truth: list[list[float]] = []
    for _ in range(800):
        clock.seconds += chance.random()
        wanted = chance.randint(1, 300)
        taken = await meters.take([replace(limited, wanted=wanted)])
        if taken.short is None:
            really = chance.choice([wanted, wanted // 3])
            truth.append([clock.seconds, really])
            taken.leave(really)
        assert sum(count for at, count in truth if at > clock.seconds - 60) <= 1_000
    assert len(truth) > 100


async def test_unused_tokens_are_given_back_at_once(meters: Meters) -> None:
    demand = tokens(100, 80)
    taken = await meters.take([demand])
    assert not await takes(meters, demand)
    taken.leave(15)
    assert await used(meters, demand) == 15
    assert await takes(meters, demand)


async def test_tokens_beyond_what_was_taken_count_from_the_end_on(meters: Meters, clock: HandClock) -> None:
    demand = tokens(100, 10)
    taken = await meters.take([demand])
    clock.seconds += 90
    taken.leave(70)
    assert await used(meters, demand) == 60
    clock.seconds += 59
    assert await used(meters, demand) == 60
    clock.seconds += 2
    assert await used(meters, demand) == 0


async def test_where_nobody_knows_what_was_used_it_stays_as_taken(meters: Meters) -> None:
    demand = tokens(100, 80)
    (await meters.take([demand])).leave(None)
    assert await used(meters, demand) == 80


async def test_leaving_twice_gives_back_once(meters: Meters) -> None:
    demand, busy = tokens(100, 40), places(5)
    first, _ = await meters.take([demand, busy]), await meters.take([demand, busy])
    first.leave(0)
    first.leave(0)
    first.undo()
    assert (await used(meters, demand), await used(meters, busy)) == (40, 1)


async def test_undoing_is_as_if_nobody_had_asked(meters: Meters) -> None:
    demands = [requests(5), tokens(100, 80), places(1)]
    (await meters.take(demands)).undo()
    assert [await used(meters, demand) for demand in demands] == [0, 0, 0]


async def test_who_wants_more_than_the_whole_gets_the_whole(meters: Meters) -> None:
    demand = tokens(100, 500)
    taken = await meters.take([demand])
    assert taken.short is None
    assert not await takes(meters, replace(demand, wanted=1))
    taken.leave(100)
    assert await used(meters, demand) == 100


async def test_so_many_at_once_and_a_place_for_each_that_leaves(meters: Meters) -> None:
    demand = places(2)
    first, _ = await meters.take([demand]), await meters.take([demand])
    refused = await meters.take([demand])
    assert refused.short is not None
    assert 0 < refused.short.wait <= 1
    first.leave(None)
    assert await used(meters, demand) == 1
    assert await takes(meters, demand)


async def test_places_never_go_below_nothing(meters: Meters) -> None:
    demand = places(1)
    first = await meters.take([demand])
    second = await meters.take([demand])
    second.leave(0)
    first.leave(0)
    assert await used(meters, demand) == 0
    assert await takes(meters, demand)
    assert not await takes(meters, demand)


async def test_a_changed_limit_counts_at_once_and_waits_for_all_that_are_too_many(
    meters: Meters, clock: HandClock
) -> None:
    demand = requests(3)
    for _ in range(3):
        await meters.take([demand])
        clock.seconds += 10
    refused = await meters.take([replace(demand, most=2)])
    assert refused.short is not None
    assert (refused.short.used, refused.short.remaining) == (3, 0)
    assert refused.short.wait == pytest.approx(40)
    assert await takes(meters, replace(demand, most=4))


async def test_a_limit_of_none_at_all_refuses_everything(meters: Meters) -> None:
    refused = await meters.take([requests(0)])
    assert refused.short is not None
    assert refused.short.wait == 60


async def test_the_vendors_word_counts_where_it_knows_more(meters: Meters, clock: HandClock) -> None:
    demand = requests(100)
    await meters.take([demand])
    meters.correct(demand, 0, 12)
    assert await used(meters, demand) == 100
    refused = await meters.take([demand])
    assert refused.short is not None
    assert refused.short.wait == pytest.approx(12)
    clock.seconds += 12.5
    assert await used(meters, demand) == 1


async def test_a_word_that_would_hold_for_ever_holds_for_a_window(meters: Meters, clock: HandClock) -> None:
    demand = requests(100)
    meters.correct(demand, 0, 1e12)
    assert await used(meters, demand) == 100
    clock.seconds += 60.5
    assert await used(meters, demand) == 0


async def test_the_process_forgets_what_is_idle(clock: HandClock) -> None:
    meters = MemoryMeters(clock=clock)
    for _ in range(100):
        await meters.take([requests(5)])
    clock.seconds += 61
    demand = requests(1_000)
    for _ in range(110):
        await meters.take([demand])
    assert len(meters._windows) == 1


@pytest.mark.parametrize(("share", "limit", "passes"), [(0.2, 600, 120), (0.8, 7, 5), (0.2, 3, 1), (0.2, 0, 0)])
async def test_a_process_grants_its_share_rounded_down_but_not_to_nothing(
    clock: HandClock, share: float, limit: int, passes: int
) -> None:
    meters, demand = MemoryMeters(share=share, clock=clock), requests(limit)
    assert granted([await meters.take([demand]) for _ in range(limit + 1)]) == passes
