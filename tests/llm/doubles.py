"""Hand-held parts for tests of the core: a clock, a provider that follows a script, ready-made specs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from llm.call import Call, Caller, NullRecorder, Record, new_id
from llm.errors import ProviderError
from llm.providers.base import Probe, UpstreamCall
from llm.registry import ModelSpec, Price, ProviderSpec, RouteSpec, Snapshot
from llm.types import Events, EventStream, Finished, Message, Request, Started, Text, TextDelta, Usage, UsageReport

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class MemoryRecorder(NullRecorder):
    """Remembers who departed and who finished."""

    def __init__(self) -> None:
        self.departed: list[tuple[str | None, str | None]] = []
        self.finished: list[Record] = []

    def depart(self, record: Record) -> None:
        self.departed.append((record.provider, record.upstream_model))

    def finish(self, record: Record) -> Awaitable[object]:
        self.finished.append(record)
        committed = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(committed.set_result, None)
        return committed


Step = Events | ProviderError


class ScriptedProvider:
    """Plays one script for each call it gets, the last one again and again; remembers what it was asked."""

    dialect = "openai"

    def __init__(self, *scripts: list[Step]) -> None:
        self._scripts = list(scripts)
        self.calls: list[UpstreamCall] = []
        self.closed = 0

    async def stream(self, call: UpstreamCall) -> EventStream:
        self.calls.append(call)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            for step in script:
                if isinstance(step, ProviderError):
                    raise step
                yield step
        finally:
            self.closed += 1

    async def probe(self) -> Probe:
        return Probe(())

    async def count(self, request: Request, model: str) -> int | None:
        return None

    async def close(self) -> None:
        return None


def answer(text: str = "Hello", usage: Usage | None = None) -> list[Step]:
    """The script of a good answer in three batches."""
    usage = usage or Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
    return [
        [Started(upstream_id="up-1", upstream_model="m-2026")],
        [TextDelta(text)],
        [Finished("stop", native="stop"), UsageReport(usage)],
    ]


PRICE = Price(valid_from=EPOCH, input=150_000, output=600_000, cached=75_000)


def route(provider: str = "one", upstream_model: str = "m", **fields: Any) -> RouteSpec:
    spec = ProviderSpec(id=abs(hash(provider)), name=provider, kind="openai", retries=0)
    values: dict[str, Any] = {"id": abs(hash((provider, upstream_model))), "prices": (PRICE,)} | fields
    return RouteSpec(provider=spec, upstream_model=upstream_model, **values)


def with_provider(route: RouteSpec, **fields: Any) -> RouteSpec:
    return replace(route, provider=replace(route.provider, **fields))


def model(name: str = "small", **fields: Any) -> ModelSpec:
    return ModelSpec(id=1, name=name, **({"routes": (route(),)} | fields))


def snapshot(*models: ModelSpec, default: str | None = None) -> Snapshot:
    names = {name: spec for spec in models for name in (spec.name, *spec.aliases)}
    providers = {route.provider.name: route.provider for spec in models for route in spec.routes}
    return Snapshot(models=names, providers=providers, default_model=default)


CALLER = Caller(key_id=1, key_name="test", organisation_id=1, organisation="acme")


def request(text: str = "Hi", **fields: Any) -> Request:
    return Request(**({"messages": [Message("user", [Text(text)])], "model": "small", "dialect": "openai"} | fields))


def call(asked: Request | None = None, *, caller: Caller = CALLER, clock: HandClock | None = None) -> Call:
    clock = clock or HandClock()
    return Call(new_id(), asked or request(), caller, "json", clock.monotonic(), clock.monotonic() + 600)
