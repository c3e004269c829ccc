"""What this process cannot make full use of: looked at every second, told by `/readyz`, the log and a metric."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""


@dataclass(slots=True, frozen=True)
class Trouble:
    """`why` says what it means, and names no address: it is told to everybody. `stops`: no call can be served."""

    why: str
    stops: bool = False


Look = Callable[[], Awaitable[Trouble | None]]
"""At one part; never waits for long and never raises."""

Told = Callable[[str, Trouble | None], None]


class Watch:
    """`told` hears after each look of every part what trouble it is in, if any."""

    def __init__(self, looks: Mapping[str, Look], told: Told = lambda part, trouble: None) -> None:
        self._looks = looks
        self._told = told
        self._looked: float | None = None
        self._watching: asyncio.Task[None] | None = None
        self.troubles: dict[str, Trouble] = {}

    def start(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        """Of a process that is gone nothing is in trouble."""
        if self._watching is not None:
            self._watching.cancel()
        for part in self._looks:
            self._told(part, None)

    async def fresh(self) -> dict[str, Trouble]:
        """The troubles of a moment ago, by part; looks itself where nobody watches."""
        if self._looked is None or asyncio.get_running_loop().time() - self._looked > 2 * EVERY:
            await self.look()
        return self.troubles

    async def look(self) -> None:
        found = await asyncio.gather(*(look() for look in self._looks.values()))
        before = self.troubles
        self.troubles = {part: trouble for part, trouble in zip(self._looks, found, strict=True) if trouble}
        self._looked = asyncio.get_running_loop().time()
        for part in self._looks:
            self._told(part, self.troubles.get(part))
            if part in self.troubles and part not in before:
                logger.warning("Degraded, %s: %s", part, self.troubles[part].why)
            elif part in before and part not in self.troubles:
                logger.warning("No longer degraded: %s", part)

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(EVERY)
