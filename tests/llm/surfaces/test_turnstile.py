"""A rush of calls begins a few at a time; without a rush nobody waits."""

from __future__ import annotations

import asyncio

from llm.surfaces.turnstile import Turnstile


async def turns_of(turnstile: Turnstile, callers: int) -> list[int]:
    """In which turn of the loop each of `callers` got in."""
    turn, entered = 0, []

    async def enter() -> None:
        await turnstile.enter()
        entered.append(turn)

    tasks = [asyncio.create_task(enter()) for _ in range(callers)]
    while len(entered) < callers:
        await asyncio.sleep(0)
        turn += 1
    await asyncio.gather(*tasks)
    return entered


async def test_a_lone_call_enters_at_once() -> None:
    await asyncio.wait_for(Turnstile(1).enter(), 0.1)
    assert await turns_of(Turnstile(1), 1) == [0]


async def test_of_a_rush_only_so_many_begin_in_one_turn() -> None:
    turns = await turns_of(Turnstile(3), 30)
    assert max(turns.count(turn) for turn in turns) <= 3
    assert turns == sorted(turns)


async def test_who_leaves_the_queue_takes_no_ones_turn() -> None:
    turnstile = Turnstile(1)
    first, leaving, staying = (asyncio.create_task(turnstile.enter()) for _ in range(3))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(asyncio.gather(first, staying), 1)
    assert leaving.cancelled()


async def test_after_a_rush_the_way_is_free_again() -> None:
    turnstile = Turnstile(2)
    await turns_of(turnstile, 20)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await turns_of(turnstile, 1) == [0]
