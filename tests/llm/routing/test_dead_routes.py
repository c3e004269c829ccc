"""A dead first route costs a few slow calls, then none; and when it is back, it is not run over."""

from __future__ import annotations

import asyncio
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from llm.errors import GatewayError, Unavailable
from llm.routing.circuits import FAILURES
from llm.routing.retries import FLOOR
from tests.llm.routing.wire import Wire, small, way
from tests.upstream import Upstream

DEAF: dict[str, Any] = {"first_token_timeout": 0.1, "timeout": 0.5, "retries": 0}


async def times(wire: Wire, model: str, calls: int = 30) -> list[float]:
    taken = []
    for _ in range(calls):
        began = perf_counter()
        await wire.ask(model=model)
        taken.append(perf_counter() - began)
    return taken


@pytest.mark.alone
async def test_once_open_it_costs_no_time() -> None:
    with Upstream(latency=0.05) as vendor:
        dead, spare = way(vendor, "stall-first", **DEAF), way(vendor, "gpt", "two", order=2)
        healthy, wounded = small(spare, name="healthy"), small(dead, spare, name="wounded")
        async with Wire(healthy, wounded) as wire:
            first = await times(wire, "wounded", FAILURES)
            after, without = await times(wire, "wounded"), await times(wire, "healthy")
            assert wire.circuits.shut()[0].route.provider == "one"
        assert min(first) > 0.1
        assert median(after) < 1.1 * median(without)


async def test_in_an_outage_few_calls_ask_again(upstream: Upstream) -> None:
    """A hundred calls at once, three retries each: without a budget that would be four hundred requests."""
    failing = way(upstream, "slow-first-100ms+status-500", retries=3, retry_delay=0.5)
    async with Wire(small(failing), failures=1_000_000) as wire:
        await asyncio.gather(*(asked(wire) for _ in range(100)))
    assert upstream.served <= 100 + 3 * (FLOOR + 20)


async def test_an_open_route_turns_callers_away_at_once(upstream: Upstream) -> None:
    async with Wire(small(way(upstream, "stall-first", **DEAF))) as wire:
        for _ in range(FAILURES):
            assert not isinstance(await asked(wire), Unavailable)
        came = upstream.served
        found = await asyncio.gather(*(asked(wire) for _ in range(50)))
        assert [isinstance(error, Unavailable) for error in found].count(True) == 49
        assert upstream.served == came + 1


async def test_a_vendor_that_is_back_is_not_run_over(upstream: Upstream) -> None:
    """A crowd of callers while it is away, and when it comes back: it sees one at a time, then two, then four."""
    async with Wire(small(way(upstream, "slow-first-50ms"))) as wire:
        upstream.stop()
        for _ in range(FAILURES):
            await asked(wire)
        upstream.start()
        before = upstream.served
        found = await asyncio.gather(*(asked(wire) for _ in range(50)))
        assert found.count(None) == upstream.served - before == 1
        while wire.circuits.shut():
            await asyncio.gather(*(asked(wire) for _ in range(50)))
            assert upstream.served - before <= 1 + 2 + 4
        assert await asyncio.gather(*(asked(wire) for _ in range(20))) == [None] * 20


async def asked(wire: Wire) -> GatewayError | None:
    """What one call of many ends with."""
    stream = wire.stream()
    try:
        async for _ in stream:
            pass
    except GatewayError as error:
        return error
    return None
