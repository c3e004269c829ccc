"""What tests want of limits that no other test has, and calls that are subject to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from llm.call import Call, Caller
from llm.limits import Meters, RedisMeters
from llm.limits.meters import Demand, Taken
from llm.registry import Limits, ProviderSpec, RouteSpec
from llm.types import Metadata, Options
from tests.llm.doubles import HandClock, call, request


def number() -> int:
    return uuid4().int >> 80


def requests(most: int, window: float = 60.0) -> Demand:
    return Demand(f"test:{number()}:requests", "requests_per_minute", "key", most, 1, window)


def tokens(most: int, wanted: int, window: float = 60.0) -> Demand:
    return Demand(f"test:{number()}:tokens", "tokens_per_minute", "key", most, wanted, window)


def places(most: int) -> Demand:
    return Demand(f"test:{number()}:calls", "max_concurrency", "key", most, 1, 0)


def looking(demand: Demand) -> Demand:
    return replace(demand, wanted=0)


async def takes(meters: Meters, *demands: Demand) -> bool:
    return (await meters.take(demands)).short is None


async def used(meters: Meters, demand: Demand) -> int:
    await settled(meters)
    return (await meters.take([looking(demand)])).readings[0].used


async def settled(meters: Meters) -> None:
    """What was told without waiting has been heard."""
    await asyncio.sleep(0)
    if isinstance(meters, RedisMeters):
        await asyncio.gather(*meters._tasks)


def caller(
    key: Limits | None = None, *, team: Limits | None = None, organisation: Limits | None = None, **fields: Any
) -> Caller:
    return Caller(
        key_id=number(),
        key_name="frontend",
        organisation_id=number(),
        organisation="acme",
        team_id=3,
        team="web",
        limits=key or Limits(),
        team_limits=team or Limits(),
        organisation_limits=organisation or Limits(),
        **fields,
    )


def asked(
    by: Caller | None = None,
    *,
    text: str = "Hi",
    max_tokens: int | None = None,
    priority: str = "normal",
    surface: str = "json",
    clock: HandClock | None = None,
    seconds: float | None = None,
) -> Call:
    """`seconds` until its deadline, by the clock; without one it has none."""
    options, metadata = Options(max_tokens=max_tokens), Metadata(priority=priority)  # type: ignore[arg-type]  # one of the words
    made = call(request(text, options=options, metadata=metadata), caller=by or caller(), clock=clock)
    made.surface = surface
    made.deadline = None if seconds is None or clock is None else clock.monotonic() + seconds
    return made


def way(limits: Limits | None = None, own: Limits | None = None, **provider: Any) -> RouteSpec:
    """A route of a provider with these limits."""
    spec = ProviderSpec(id=number(), name="one", kind="openai", limits=limits or Limits(), **provider)
    return RouteSpec(id=number(), provider=spec, upstream_model="m", limits=own or Limits())


def granted(taken: Sequence[Taken]) -> int:
    return sum(one.short is None for one in taken)
