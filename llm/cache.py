"""The exact cache: answers kept for a while under everything that made them what they are.

Identical requests in flight share one upstream call: the first leads, the others follow and replay its answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import orjson

from llm.call import Clock, SystemClock
from llm.canonical import canonical
from llm.types import Choice, Completion, Request, ToolCall, Usage

FORMAT = 1
"""Part of every key and entry: raised when either changes its meaning, so that older entries are misses."""


def cache_key(organisation_id: int, model_name: str, request: Request) -> str:
    """A digest of everything that changes the answer; not of who asks within the organisation, nor how it is sent.

    The order of keys inside schemas counts: models write their answer in the schema's order.
    """
    parts = (
        FORMAT,
        organisation_id,
        model_name,
        request.provider,
        request.fallbacks,
        request.prompt,
        request.context and request.context.assembled_context,
        request.messages,
        request.options,
        request.dialect,
        request.extra,
    )
    return sha256(canonical(parts)).hexdigest()


def is_cacheable(request: Request, *, model_caches: bool = True) -> bool:
    """Whether the answer may be kept at all."""
    if not model_caches or request.cache.mode == "off":
        return False
    return request.cache.mode != "auto" or request.options.temperature == 0


def reads_cache(request: Request) -> bool:
    """Whether a kept answer will do; `refresh` wants a new one, which is then kept."""
    return request.cache.mode != "refresh"


def worth_keeping(completion: Completion) -> bool:
    """Whole answers only: nothing cut, filtered, refused or empty, and no tool call, which would be run again.

    An answer that ended at its length is whole: the length asked for is part of the key.
    """
    return bool(completion.choices) and all(
        choice.finish_reason in ("stop", "length") and choice.text and not choice.refusal and not choice.tool_calls
        for choice in completion.choices
    )


@dataclass(slots=True, frozen=True)
class CachedAnswer:
    """A kept answer and where it came from; `cost` is what it cost then, in picodollars (None: unknown)."""

    completion: Completion
    provider: str
    model: str
    upstream_model: str
    cost: int | None = None

    def encode(self) -> bytes:
        return orjson.dumps([FORMAT, self])

    @staticmethod
    def decode(raw: bytes) -> CachedAnswer | None:
        """None for an entry that is corrupt or of another version."""
        try:
            version, fields = orjson.loads(raw)
            if version != FORMAT:
                return None
            return CachedAnswer(**{**fields, "completion": _completion(fields["completion"])})
        except (ValueError, TypeError, KeyError):
            return None


def _completion(fields: dict[str, Any]) -> Completion:
    usage = fields["usage"]
    return Completion(
        **{
            **fields,
            "choices": [_choice(choice) for choice in fields["choices"]],
            "usage": None if usage is None else Usage(**usage),
        }
    )


def _choice(fields: dict[str, Any]) -> Choice:
    return Choice(**{**fields, "tool_calls": [ToolCall(**call) for call in fields["tool_calls"]]})


class Lease(Protocol):
    """The right, and the duty, to ask upstream for one key. Exactly one of the two methods ends it."""

    async def store(self, answer: CachedAnswer, ttl: int) -> None:
        """Keep `answer` for `ttl` seconds and hand it to all who wait."""

    async def release(self) -> None:
        """There is nothing to keep: one of those who wait leads from here."""


class Cache(Protocol):
    """A cache that is out of order is a miss, never an error."""

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        """A kept answer; or the lease to make one; or None after `wait` seconds behind another: answer alone."""

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        """Keep `answer` for `ttl` seconds, whoever may be leading."""


class NullCache:
    """Keeps nothing and lets nobody wait."""

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        return None

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        return None


Flight = asyncio.Future[CachedAnswer | None]
"""A key in flight; lands with its answer, or with None if its leader gave up."""


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
            if answer := flight.result():
                return answer

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        self._shelf.put(key, answer.encode(), self._clock.monotonic() + ttl)

    def land(self, key: str, flight: Flight, answer: CachedAnswer | None) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.done():
            flight.set_result(answer)

    def _read(self, key: str) -> CachedAnswer | None:
        raw = self._shelf.get(key, self._clock.monotonic())
        return CachedAnswer.decode(raw) if raw else None


async def landed(flight: Flight, seconds: float) -> bool:
    """Wait for another's flight, which does not notice if this wait ends or is cancelled."""
    await asyncio.wait([flight], timeout=max(seconds, 0.0))
    return flight.done()


@dataclass(slots=True, frozen=True)
class MemoryLease:
    _cache: MemoryCache
    _key: str
    _flight: Flight

    async def store(self, answer: CachedAnswer, ttl: int) -> None:
        await self._cache.store(self._key, answer, ttl)
        self._cache.land(self._key, self._flight, answer)

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
        self._items[key] = (expires, raw)
        self._used += len(raw)
        while len(self._items) > self._entries or self._used > self._size:
            self._drop(next(iter(self._items)))

    def _drop(self, key: str) -> None:
        if item := self._items.pop(key, None):
            self._used -= len(item[1])
