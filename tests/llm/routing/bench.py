"""A router over scripted providers, with everything in reach."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from llm.call import Attempt, Call
from llm.prepare import Candidate, Plan
from llm.registry import ModelSpec, ProviderSpec, RouteSpec
from llm.routing import Circuits, Observed, Router
from llm.types import Event, EventStream, TextDelta
from tests.llm.doubles import HandClock, MemoryRecorder, ScriptedProvider, call, model, request


class Bench:
    """Providers go by their names; `router` may be asked as often as one likes, `call` is the last one."""

    def __init__(self, *, parts: dict[str, Any] | None = None, **providers: Any) -> None:
        self.providers: dict[str, ScriptedProvider] = providers
        self.clock = HandClock()
        self.recorder = MemoryRecorder()
        self.circuits, self.observed = Circuits(self.clock), Observed(self.clock)
        self.call: Call = call(clock=self.clock)
        self.router = Router(
            self._provider,
            self.recorder,
            self.clock,
            circuits=self.circuits,
            observed=self.observed,
            **{"sleep": self.clock.sleep, **(parts or {})},
        )

    def _provider(self, spec: ProviderSpec) -> ScriptedProvider:
        return self.providers[spec.name]

    def fresh(self, **fields: Any) -> None:
        """Another call."""
        self.call = call(request(**fields), clock=self.clock)

    def plan(self, *routes: RouteSpec, **fields: Any) -> Plan:
        """One model with these routes."""
        spec = model(**({"routes": routes} | fields))
        return Plan(spec, self.candidates(spec))

    def candidates(self, *models: ModelSpec) -> list[Candidate]:
        return [Candidate(spec, route, self.call.request, None) for spec in models for route in spec.routes]

    def stream(self, *routes: RouteSpec, **fields: Any) -> EventStream:
        return self.router.stream(self.call, self.plan(*routes, **fields))

    async def ask(self, *routes: RouteSpec, **fields: Any) -> list[Event]:
        return await self.follow(self.plan(*routes, **fields))

    async def follow(self, plan: Plan) -> list[Event]:
        async with aclosing(self.router.stream(self.call, plan)) as batches:
            return [event async for events in batches for event in events]

    @property
    def attempts(self) -> list[Attempt]:
        return self.call.record.attempts

    @property
    def outcomes(self) -> list[tuple[str, str | None]]:
        return [(attempt.provider, attempt.error) for attempt in self.attempts]

    @property
    def reasons(self) -> list[str | None]:
        return [attempt.reason for attempt in self.attempts]


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
