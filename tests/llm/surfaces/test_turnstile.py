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
    await asyncio.wait_for(Turnstile(at_least=1).enter(), 0.1)
    assert await turns_of(Turnstile(at_least=1), 1) == [0]


async def test_of_a_rush_only_so_many_begin_in_one_turn() -> None:
    turns = await turns_of(Turnstile(at_least=3, a_second=0), 30)
    assert max(turns.count(turn) for turn in turns) <= 3
    assert turns == sorted(turns)


async def test_who_leaves_the_queue_takes_no_ones_turn() -> None:
    turnstile = Turnstile(at_least=1)
    first, leaving, staying = (asyncio.create_task(turnstile.enter()) for _ in range(3))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(asyncio.gather(first, staying), 1)
    assert leaving.cancelled()


async def test_after_a_rush_the_way_is_free_again() -> None:
    turnstile = Turnstile(at_least=2)
    await turns_of(turnstile, 20)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await turns_of(turnstile, 1) == [0]


async def test_long_turns_let_more_begin() -> None:
    patient, generous = Turnstile(at_least=1, a_second=0), Turnstile(at_least=1, a_second=10**9)
    assert max(await turns_of(generous, 20)) < max(await turns_of(patient, 20))
