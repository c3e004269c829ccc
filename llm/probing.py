"""Whether a provider answers and takes our credentials: asked at most once a minute, however many want to know."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from llm.call import Clock
from llm.errors import ProviderError
from llm.providers.base import Probe, ProviderFactory
from llm.registry import ProviderSpec

KEPT = 60.0
"""Seconds that a finding counts as news."""


@dataclass(slots=True, frozen=True)
class Finding:
    """What a provider said of itself at `checked_at` (UTC), or why it did not."""

    checked_at: datetime
    probe: Probe | None = None
    error: ProviderError | None = None


@dataclass(slots=True, frozen=True)
class Inquiry:
    """A probe under way or over. `began` in seconds of the monotonic clock."""

    spec: ProviderSpec
    began: float
    finding: asyncio.Task[Finding]


class Prober:
    """Works on one event loop. Those who ask while a probe is under way wait for that one; the provider bounds it."""

    def __init__(self, providers: ProviderFactory, clock: Clock) -> None:
        self._providers = providers
        self._clock = clock
        self._inquiries: dict[int, Inquiry] = {}

    async def find(self, spec: ProviderSpec) -> Finding:
        inquiry = self._inquiries.get(spec.id)
        if inquiry is None or inquiry.spec != spec or self._clock.monotonic() - inquiry.began >= KEPT:
            task = asyncio.get_running_loop().create_task(self._probe(spec))
            inquiry = self._inquiries[spec.id] = Inquiry(spec, self._clock.monotonic(), task)
        return await asyncio.shield(inquiry.finding)

    async def _probe(self, spec: ProviderSpec) -> Finding:
        try:
            probe = await self._providers(spec).probe()
        except ProviderError as error:
            return Finding(self._clock.now(), error=error)
        return Finding(self._clock.now(), probe)
