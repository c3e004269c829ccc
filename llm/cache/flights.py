"""A key in flight: one asks for it, others wait for what becomes of that."""

from __future__ import annotations

import asyncio

from llm.cache.answers import CachedAnswer

Flight = asyncio.Future[CachedAnswer | None]
"""A key in flight; lands with its answer, or with None if its leader gave up. Cancelled where the cache broke down."""


async def landed(flight: Flight, seconds: float) -> bool:
    """Wait for another's flight, which does not notice if this wait ends or is cancelled."""
    await asyncio.wait([flight], timeout=max(seconds, 0.0))
    return flight.done()
