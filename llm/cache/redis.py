"""The cache of all processes that speak with the same Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from random import uniform
from secrets import token_hex

from llm.cache.answers import CachedAnswer, Lease
from llm.cache.flights import Flight, Landing, heard, landed
from llm.errors import ProviderError
from llm.redis import GuardedRedis, Script, StoreUnavailable

SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.1
"""Seconds between two looks at a key that another process leads."""

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
            if answer := heard(flight):
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

    def land(self, lease: RedisLease, landing: Landing) -> None:
        self._leases.discard(lease)
        if self._flights.get(lease.key) is lease.flight:
            del self._flights[lease.key]
        if not lease.flight.done():
            lease.flight.set_result(landing)

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

    async def fail(self, error: ProviderError) -> None:
        self._cache.land(self, error)
        await self._cache.unlock(self)

    async def release(self) -> None:
        self._cache.land(self, None)
        await self._cache.unlock(self)


def entry_key(key: str) -> str:
    """The digest is the hash tag: in a cluster, an entry and its lock lie in one slot."""
    return f"gatehouse:cache:{{{key}}}"


def lock_key(key: str) -> str:
    return f"gatehouse:cache:{{{key}}}:lock"
