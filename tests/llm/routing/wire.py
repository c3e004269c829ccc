"""A gateway over real connections to the fake vendor, with the router's parts in reach."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from llm.cache import MemoryCache
from llm.call import Call, NullMetrics, SystemClock, new_id
from llm.counting import Counter
from llm.gateway import Gateway, Parts
from llm.limits import NoLimiter
from llm.prepare import Defaults
from llm.providers.openai import OpenAIProvider
from llm.registry import ModelSpec, ProviderSpec, RouteSpec, Snapshot
from llm.routing import Circuits, Observed, Router
from llm.routing.circuits import FAILURES
from llm.types import EventStream, TextDelta
from tests.llm.doubles import CALLER, PRICE, MemoryRecorder, model, request, snapshot
from tests.upstream import Upstream


class Wire:
    """`async with` closes every connection."""

    def __init__(self, *models: ModelSpec, failures: int = FAILURES, **parts: Any) -> None:
        self.clock, self.recorder = SystemClock(), MemoryRecorder()
        self.circuits, self.observed = Circuits(self.clock, failures=failures), Observed(self.clock)
        self.registry: Snapshot = snapshot(*models)
        self._clients: dict[str, OpenAIProvider] = {}
        router = Router(
            self._client, self.recorder, self.clock, circuits=self.circuits, observed=self.observed, **parts
        )
        self.gateway = Gateway(
            Parts(
                snapshot=lambda: self.registry,
                renewed=self._renewed,
                router=router,
                counter=Counter(self._client),
                cache=MemoryCache(),
                limiter=NoLimiter(),
                recorder=self.recorder,
                metrics=NullMetrics(),
                clock=self.clock,
                defaults=Defaults(),
                close=self._close,
            )
        )
        self.call = self._call()

    def stream(self, **fields: Any) -> EventStream:
        """Another call's events."""
        self.call = self._call(**fields)
        return self.gateway.stream(self.call)

    async def ask(self, **fields: Any) -> str:
        """What another call is answered; its record is finished then. Raises GatewayError."""
        batches = self.stream(**fields)
        return "".join([event.text async for events in batches for event in events if isinstance(event, TextDelta)])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.gateway.close()

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(attempt.provider, attempt.outcome) for attempt in self.call.record.attempts]

    def _call(self, **fields: Any) -> Call:
        now = self.clock.monotonic()
        return Call(new_id(), request(**({"stream": True} | fields)), CALLER, "sse", now, now + 60)

    def _client(self, spec: ProviderSpec) -> OpenAIProvider:
        if spec.name not in self._clients:
            self._clients[spec.name] = OpenAIProvider(spec)
        return self._clients[spec.name]

    async def _renewed(self) -> Snapshot:
        return self.registry

    async def _close(self) -> None:
        for client in self._clients.values():
            await client.close()


def way(
    upstream: Upstream | str, upstream_model: str, name: str = "one", *, order: int = 1, **fields: Any
) -> RouteSpec:
    """A route of the provider `name` at the fake vendor, or at another address."""
    values: dict[str, Any] = {"retries": 0, "private_hosts": ("127.0.0.1",), "secret": "sk-fake"} | fields
    address = upstream if isinstance(upstream, str) else upstream.base_url
    provider = ProviderSpec(id=abs(hash(name)), name=name, kind="openai", base_url=address, **values)
    return RouteSpec(abs(hash((name, upstream_model))), provider, upstream_model, order=order, prices=(PRICE,))


def small(*routes: RouteSpec, **fields: Any) -> ModelSpec:
    return model(routes=routes, **fields)


def tasks() -> set[asyncio.Task[Any]]:
    """Those beside the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
