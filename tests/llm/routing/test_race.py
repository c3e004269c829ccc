"""A slow call is asked a second time elsewhere: the first content wins, and nothing of the loser is left."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import Any

import pytest

from llm.call import Call, NoLedger
from llm.errors import BudgetExceeded, ProviderBroken, ProviderOverloaded
from llm.registry import RouteSpec
from llm.routing.hedging import SAVED, Hedges
from llm.routing.observed import ENOUGH
from tests.llm.doubles import PRICE
from tests.llm.routing.wire import Wire, small, tasks, way
from tests.upstream import Upstream

USUAL = 0.05
"""Seconds that the first route took until now."""


class Field(Wire):
    """The first route has a past; the second has none."""

    def __init__(self, first: RouteSpec, *others: RouteSpec, usual: float = USUAL, **parts: Any) -> None:
        super().__init__(small(first, *others, hedging=True), **parts)
        for _ in range(ENOUGH):
            for streamed in (True, False):
                self.observed.note(first, streamed=streamed, seconds=usual)


async def test_a_slow_call_is_asked_elsewhere_and_the_first_content_wins(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "gpt", "two", order=2)) as wire:
        assert await wire.ask() == "Hi"
        record = wire.call.record
        assert wire.outcomes == [("one", "lost"), ("two", "ok")]
        assert record.attempts[1].reason == "hedge: nothing from one for 0.05 s"
        assert (record.provider, record.upstream_model, record.fallback_used) == ("two", "gpt", True)
        await upstream.until(lambda: upstream.aborts == 1)
        assert tasks() == set()


async def test_a_whole_answer_is_hedged_too(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "gpt", "two", order=2)) as wire:
        await wire.ask(stream=False)
        assert wire.outcomes == [("one", "lost"), ("two", "ok")]


async def test_the_first_wins_where_it_is_faster_after_all(upstream: Upstream) -> None:
    async with Field(way(upstream, "slow-first-150ms"), way(upstream, "stall-first", "two", order=2)) as wire:
        assert await wire.ask() == "Hi"
        assert wire.outcomes == [("one", "ok"), ("two", "lost")]
        assert (wire.call.record.provider, wire.call.record.fallback_used) == ("one", False)


async def test_a_usual_call_is_asked_once(upstream: Upstream) -> None:
    async with Field(way(upstream, "gpt"), way(upstream, "gpt", "two", order=2), usual=5.0) as wire:
        await wire.ask()
        assert wire.outcomes == [("one", "ok")]


@pytest.mark.parametrize(
    ("samples", "hedging", "routes"),
    [(ENOUGH - 1, True, 2), (ENOUGH, False, 2), (ENOUGH, True, 1)],
    ids=["unknown", "off", "alone"],
)
async def test_it_takes_a_known_route_the_option_and_somebody_else(
    upstream: Upstream, samples: int, hedging: bool, routes: int
) -> None:
    both = (way(upstream, "slow-first-150ms"), way(upstream, "gpt", "two", order=2))[:routes]
    async with Wire(small(*both, hedging=hedging)) as wire:
        for _ in range(samples):
            wire.observed.note(both[0], streamed=True, seconds=USUAL)
        await wire.ask()
        assert wire.outcomes == [("one", "ok")]


async def test_the_loser_is_paid_for_and_the_answer_alone_is_its_usage(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "gpt", "two", order=2)) as wire:
        await wire.ask()
        record = wire.call.record
    lost = record.attempts[0]
    assert PRICE.input is not None
    assert lost.prompt_tokens > 0
    assert lost.cost == lost.prompt_tokens * PRICE.input
    assert PRICE.output is not None
    assert record.cost == lost.cost + record.prompt_tokens * PRICE.input + record.completion_tokens * PRICE.output
    assert (record.completion_tokens, record.usage_estimated) == (1, False)


async def test_where_one_fails_the_other_is_waited_for(upstream: Upstream) -> None:
    routes = way(upstream, "slow-first-300ms"), way(upstream, "status-500", "two", order=2)
    async with Field(*routes) as wire:
        assert await wire.ask() == "Hi"
        assert wire.outcomes == [("one", "ok"), ("two", "error")]


async def test_where_the_first_fails_late_the_second_answers(upstream: Upstream) -> None:
    routes = way(upstream, "slow-first-150ms+status-503"), way(upstream, "slow-first-300ms", "two", order=2)
    async with Field(*routes) as wire:
        assert await wire.ask() == "Hi"
        assert wire.outcomes == [("one", "error"), ("two", "ok")]
        assert wire.call.record.attempts[0].cost is None


async def test_where_both_fail_the_third_is_asked(upstream: Upstream) -> None:
    late = "slow-first-150ms+status-503"
    third = way(upstream, "gpt", "three", order=3)
    async with Field(way(upstream, late), way(upstream, late, "two", order=2), third) as wire:
        assert await wire.ask() == "Hi"
        assert wire.outcomes == [("one", "error"), ("two", "error"), ("three", "ok")]


async def test_where_all_fail_the_call_does(upstream: Upstream) -> None:
    late = "slow-first-150ms+status-503"
    async with Field(way(upstream, late), way(upstream, late, "two", order=2)) as wire:
        with pytest.raises(ProviderOverloaded):
            await wire.ask()
        assert (wire.call.record.status, wire.call.record.cost) == ("error", 0)


async def test_who_cannot_pay_for_both_is_asked_once(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    class Purse(NoLedger):
        async def cover(self, call: Call, amount: int | None) -> None:
            if amount != 3:
                raise BudgetExceeded("No.")

    monkeypatch.setattr("llm.prepare.Candidate.most_cost", lambda self, call: 3)
    routes = way(upstream, "slow-first-150ms"), way(upstream, "gpt", "two", order=2)
    async with Field(*routes, ledger=Purse()) as wire:
        assert await wire.ask() == "Hi"
        assert wire.outcomes == [("one", "ok")]


async def test_a_client_that_leaves_ends_both(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "stall-first", "two", order=2)) as wire:
        asking = asyncio.create_task(wire.ask())
        await upstream.until(lambda: upstream.served == 2)
        asking.cancel()
        await asyncio.wait([asking])
        await upstream.until(lambda: upstream.aborts == 2)
        record = wire.call.record
        assert (record.status, record.provider) == ("cancelled", "one")
        assert wire.outcomes == [("one", "cancelled"), ("two", "lost")]
        assert PRICE.input is not None
        assert record.cost == 2 * record.prompt_tokens * PRICE.input
        assert tasks() == set()


async def test_a_client_that_leaves_in_the_middle_ends_the_winner(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "gate", "two", order=2)) as wire:
        async with aclosing(wire.stream()) as batches:
            await anext(batches)
        await upstream.until(lambda: upstream.aborts == 2)
        assert wire.outcomes == [("one", "lost"), ("two", "cancelled")]
        assert tasks() == set()


async def test_an_answer_that_breaks_off_after_it_won_is_an_error(upstream: Upstream) -> None:
    async with Field(way(upstream, "stall-first"), way(upstream, "fin-mid", "two", order=2)) as wire:
        with pytest.raises(ProviderBroken):
            await wire.ask()
        assert wire.outcomes == [("one", "lost"), ("two", "error")]
        assert wire.call.record.provider == "two"


async def test_few_calls_are_hedged(upstream: Upstream) -> None:
    slow = way(upstream, "slow-first-150ms")
    async with Field(slow, way(upstream, "gpt", "two", order=2)) as wire:
        asked = 0
        for _ in range(4):
            await wire.ask()
            asked += wire.call.record.tries
        assert asked == 5


def test_one_of_twenty_is_hedged_and_five_at_most_are_saved_up() -> None:
    hedges = Hedges()
    hedged = 0
    for _ in range(2_000):
        hedges.save()
        if hedges.has_some:
            hedges.spend()
            hedged += 1
    assert 95 <= hedged <= 105
    for _ in range(2_000):
        hedges.save()
    saved = 0
    while hedges.has_some:
        hedges.spend()
        saved += 1
    assert saved == SAVED


@pytest.mark.filterwarnings("error")
async def test_leaving_at_any_moment_leaks_nothing(upstream: Upstream) -> None:
    async with Field(way(upstream, "slow-first-100ms"), way(upstream, "slow-first-60ms", "two", order=2)) as wire:
        for number in range(30):
            asking = asyncio.create_task(wire.ask())
            await asyncio.sleep(number * 0.006)
            asking.cancel()
            await asyncio.wait([asking])
            wire.gateway._parts.router._tools.hedges.save()
        gc.collect()
        assert tasks() == set()
        assert not +wire.observed._routes
        assert wire.circuits.shut() == []
