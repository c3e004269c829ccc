"""The cache of one process."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from llm.cache.answers import CachedAnswer, Lease
from llm.cache.flights import Flight, Landing, heard, landed
from llm.call import Clock, SystemClock
from llm.errors import ProviderError


class MemoryCache:
    """The cache of one process and event loop, bounded in entries and bytes; the least recently used go first."""

    def __init__(self, *, entries: int = 10_000, size: int = 64_000_000, clock: Clock | None = None) -> None:
        self.faults = 0
        self._shelf = Shelf(entries, size)
        self._clock = clock or SystemClock()
        self._flights: dict[str, Flight] = {}

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            if answer := self._read(key):
                return answer
            flight = self._flights.get(key)
            if flight is None:
                self._flights[key] = flight = loop.create_future()
                return MemoryLease(self, key, flight)
            if not await landed(flight, deadline - loop.time()):
                return None
            if answer := heard(flight):
                return answer

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        if ttl > 0:
            self._shelf.put(key, answer.encode(), self._clock.monotonic() + ttl)

    def land(self, key: str, flight: Flight, landing: Landing) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.done():
            flight.set_result(landing)

    def _read(self, key: str) -> CachedAnswer | None:
        raw = self._shelf.get(key, self._clock.monotonic())
        return CachedAnswer.decode(raw) if raw else None


@dataclass(slots=True, frozen=True)
class MemoryLease:
    _cache: MemoryCache
    _key: str
    _flight: Flight

    async def store(self, answer: CachedAnswer, ttl: int) -> None:
        await self._cache.store(self._key, answer, ttl)
        self._cache.land(self._key, self._flight, answer)

    async def fail(self, error: ProviderError) -> None:
        self._cache.land(self._key, self._flight, error)

    async def release(self) -> None:
        self._cache.land(self._key, self._flight, None)


class Shelf:
    """Encoded entries in the order of their use, with the instant each expires."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._size = size
        self._used = 0
        self._items: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str, now: float) -> bytes | None:
        item = self._items.get(key)
        if item is None:
            return None
        if item[0] <= now:
            self._drop(key)
            return None
        self._items.move_to_end(key)
        return item[1]

    def put(self, key: str, raw: bytes, expires: float) -> None:
        self._drop(key)
        if len(raw) > self._size:
            return
        self._items[key] = (expires, raw)
        self._used += len(raw)
        while len(self._items) > self._entries or self._used > self._size:
            self._drop(next(iter(self._items)))

    def _drop(self, key: str) -> None:
        if item := self._items.pop(key, None):
            self._used -= len(item[1])
