"""A key in flight: one asks for it, others wait for what becomes of that."""

from __future__ import annotations

import asyncio
import copy

from llm.cache.answers import CachedAnswer
from llm.errors import ProviderError

Landing = CachedAnswer | ProviderError | None
Flight = asyncio.Future[Landing]
"""A key in flight; lands with its answer, with the vendor's failure, or with None if its leader gave up. Cancelled
where the cache broke down."""


async def landed(flight: Flight, seconds: float) -> bool:
    """Wait for another's flight, which does not notice if this wait ends or is cancelled."""
    await asyncio.wait([flight], timeout=max(seconds, 0.0))
    return flight.done()


def heard(flight: Flight) -> CachedAnswer | None:
    """What a flight landed with. Raises the failure, of which each who waited has a copy: it gathers a traceback."""
    landing = flight.result()
    if isinstance(landing, ProviderError):
        raise copy.copy(landing)
    return landing
