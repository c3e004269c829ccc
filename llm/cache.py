"""The exact cache: answers kept for a while under everything that made them what they are.

Identical requests in flight share one upstream call: the first leads, the others follow and replay its answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from hashlib import sha256
from random import uniform
from secrets import token_hex
from typing import Any, Protocol

import orjson

from llm.call import Clock, SystemClock
from llm.canonical import canonical
from llm.redis import GuardedRedis, Script, StoreUnavailable
from llm.types import Block, Choice, Completion, Request, ToolCall, Usage

FORMAT = 2
"""Part of every key and entry: raised when either changes its meaning, so that older entries are misses."""

ASIDE = frozenset(
    {"user", "safety_identifier", "metadata", "store", "prompt_cache_key", "prompt_cache_retention", "stream_options"}
)
"""Of a request's extras, those that say who asks, what the vendor keeps and how it sends: nothing of the answer."""


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
        request.headers,
        {name: value for name, value in (request.extra or {}).items() if name not in ASIDE},
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
    blocks = fields["blocks"]
    return Choice(
        **{
            **fields,
            "tool_calls": [ToolCall(**call) for call in fields["tool_calls"]],
            "blocks": None if blocks is None else [Block(**block) for block in blocks],
        }
    )


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


SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.1
"""Seconds between two looks at a key that another process leads."""

Flight = asyncio.Future[CachedAnswer | None]
"""A key in flight; lands with its answer, or with None if its leader gave up. Cancelled where the cache broke down."""


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
        if ttl > 0:
            self._shelf.put(key, answer.encode(), self._clock.monotonic() + ttl)

    def land(self, key: str, flight: Flight, answer: CachedAnswer | None) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.done():
            flight.set_result(answer)

    def _read(self, key: str) -> CachedAnswer | None:
        raw = self._shelf.get(key, self._clock.monotonic())
        return CachedAnswer.decode(raw) if raw else None


TAKE = Script("""
local answer = redis.call('GET', KEYS[1])
if answer then return answer end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
""")
KEEP = Script("""
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
""")
UNLOCK = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end")
RENEW = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end")


class RedisCache:
    """The cache of all processes. A lock that expires soon, renewed while its holder lives, says who leads a key.

    In each process one caller looks after a key, and asks again at short, uneven pauses while another process leads;
    those who want the same key here wait for what it finds. `faults` counts what Redis failed at, and entries that
    could not be read. An answer larger than `size` bytes is handed to those who wait here, and not kept.
    """

    def __init__(self, redis: GuardedRedis, *, lock: float = 4.0, size: int = 1_000_000) -> None:
        self.faults = 0
        self._redis = redis
        self._lock_ms = int(lock * 1000)
        self._size = size
        self._flights: dict[str, Flight] = {}
        self._leases: set[RedisLease] = set()
        self._renewal: asyncio.Task[None] | None = None

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while flight := self._flights.get(key):
            if not await landed(flight, deadline - loop.time()) or flight.cancelled():
                return None
            if answer := flight.result():
                return answer
        self._flights[key] = flight = loop.create_future()
        return await self._look_after(RedisLease(self, key, flight), deadline)

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        raw = answer.encode()
        if ttl > 0 and len(raw) <= self._size:
            await self._try(self._redis.run("SET", entry_key(key), raw, "PX", ttl * 1000))

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()

    async def _look_after(self, lease: RedisLease, deadline: float) -> CachedAnswer | Lease | None:
        """Whatever becomes of this caller, those behind it hear of it, and no lock stays without a holder."""
        found: CachedAnswer | Lease | None = None
        try:
            found = await self._find(lease, deadline)
        except StoreUnavailable:
            self.faults += 1
            lease.flight.cancel()
        except asyncio.CancelledError:
            await self.unlock(lease)
            raise
        finally:
            if found is not lease:
                self.land(lease, found if isinstance(found, CachedAnswer) else None)
        return found

    async def _find(self, lease: RedisLease, deadline: float) -> CachedAnswer | Lease | None:
        loop, keys = asyncio.get_running_loop(), [entry_key(lease.key), lock_key(lease.key)]
        pause = SHORTEST_PAUSE
        while True:
            reply = await self._redis.evaluate(TAKE, keys, lease.token, self._lock_ms)
            if isinstance(reply, bytes):
                if answer := CachedAnswer.decode(reply):
                    return answer
                self.faults += 1
                await self._redis.run("DEL", keys[0])
                continue
            if reply:
                self._hold(lease)
                return lease
            left = deadline - loop.time()
            if left <= 0:
                return None
            await asyncio.sleep(min(pause * uniform(0.5, 1.0), left))  # noqa: S311 - jitter is no secret
            pause = min(pause * 1.5, LONGEST_PAUSE)

    async def keep(self, lease: RedisLease, answer: CachedAnswer, ttl: int) -> None:
        raw = answer.encode()
        if ttl <= 0 or len(raw) > self._size:
            await self.unlock(lease)
            return
        keys = [entry_key(lease.key), lock_key(lease.key)]
        await self._try(self._redis.evaluate(KEEP, keys, lease.token, raw, ttl * 1000))

    async def unlock(self, lease: RedisLease) -> None:
        await self._try(self._redis.evaluate(UNLOCK, [lock_key(lease.key)], lease.token))

    def land(self, lease: RedisLease, answer: CachedAnswer | None) -> None:
        self._leases.discard(lease)
        if self._flights.get(lease.key) is lease.flight:
            del self._flights[lease.key]
        if not lease.flight.done():
            lease.flight.set_result(answer)

    def _hold(self, lease: RedisLease) -> None:
        self._leases.add(lease)
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while self._leases:
            await asyncio.sleep(self._lock_ms / 4000)
            await asyncio.gather(
                *(
                    self._try(self._redis.evaluate(RENEW, [lock_key(lease.key)], lease.token, self._lock_ms))
                    for lease in self._leases
                )
            )

    async def _try(self, command: Awaitable[object]) -> None:
        try:
            await command
        except StoreUnavailable:
            self.faults += 1


class RedisLease:
    """The token proves to Redis that the lock is still this lease's own."""

    __slots__ = ("_cache", "flight", "key", "token")

    def __init__(self, cache: RedisCache, key: str, flight: Flight) -> None:
        self._cache = cache
        self.key = key
        self.flight = flight
        self.token = token_hex(8)

    async def store(self, answer: CachedAnswer, ttl: int) -> None:
        self._cache.land(self, answer)
        await self._cache.keep(self, answer, ttl)

    async def release(self) -> None:
        self._cache.land(self, None)
        await self._cache.unlock(self)


def entry_key(key: str) -> str:
    """The digest is the hash tag: in a cluster, an entry and its lock lie in one slot."""
    return f"gatehouse:cache:{{{key}}}"


def lock_key(key: str) -> str:
    return f"gatehouse:cache:{{{key}}}:lock"


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
        if len(raw) > self._size:
            return
        self._items[key] = (expires, raw)
        self._used += len(raw)
        while len(self._items) > self._entries or self._used > self._size:
            self._drop(next(iter(self._items)))

    def _drop(self, key: str) -> None:
        if item := self._items.pop(key, None):
            self._used -= len(item[1])
