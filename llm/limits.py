"""How many requests a key may make in any sixty seconds: counted in Redis for all processes, or in this one.

The window slides. Requests of one second are kept as one run, which leaves sixty seconds after its last request:
never more than the limit passes in any sixty seconds, a sparse caller is counted exactly, a dense one waits at most
a second longer than it must, and no limit, however high, needs more than 61 runs of memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol

from llm.call import Call, Caller, Clock, SystemClock
from llm.errors import Limit, RateLimited
from llm.redis import GuardedRedis, Script, StoreUnavailable
from llm.registry import RouteSpec

WINDOW = 60.0
RUN = 1.0


@dataclass(slots=True, frozen=True)
class Admission:
    """What a caller has left; all None where it has no limit.

    `reset` is in seconds: when the oldest request leaves the window and room grows again. `degraded` says that the
    shared count was out of reach and this process admitted out of its own share.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    degraded: bool = False

    def headers(self, now: datetime) -> dict[str, str]:
        """As the clients of OpenAI read them, who want a duration, and those of Anthropic, who want the instant."""
        if self.limit is None or self.reset is None:
            return {}
        limit, remaining = str(self.limit), str(self.remaining)
        resets_at = (now + timedelta(seconds=ceil(self.reset))).astimezone(UTC).isoformat(timespec="seconds")
        return {
            "x-ratelimit-limit-requests": limit,
            "x-ratelimit-remaining-requests": remaining,
            "x-ratelimit-reset-requests": duration(self.reset),
            "anthropic-ratelimit-requests-limit": limit,
            "anthropic-ratelimit-requests-remaining": remaining,
            "anthropic-ratelimit-requests-reset": resets_at.replace("+00:00", "Z"),
        }


UNLIMITED = Admission()


class Limiter(Protocol):
    async def admit(self, caller: Caller) -> Admission:
        """Count one request of `caller`, or raise `RateLimited`. Nothing else is ever raised."""


class Permit(Protocol):
    """A turn at a provider."""

    def leave(self, tokens: int | None) -> None:
        """The try is over; `tokens` is what it really used (None: what was reckoned with). Once for each permit."""


class Throttle(Protocol):
    """The limits of providers and routes: who asks waits for a turn."""

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        """A turn at `route`, waited for by priority. Raises ProviderRateLimited where there is no time to wait."""


class NoThrottle:
    """Nobody waits."""

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        return self

    def leave(self, tokens: int | None) -> None:
        return None


class NoLimiter:
    """Admits everybody."""

    async def admit(self, caller: Caller) -> Admission:
        return UNLIMITED


class MemoryLimiter:
    """Counts in this process alone, which grants `share` of every limit (at least one request a minute)."""

    def __init__(self, *, share: float = 1.0, clock: Clock | None = None) -> None:
        self._share = share
        self._clock = clock or SystemClock()
        self._windows: dict[int, Window] = {}

    async def admit(self, caller: Caller) -> Admission:
        if caller.limits.requests_per_minute is None:
            return UNLIMITED
        now = self._clock.monotonic()
        maximum = shared_limit(caller.limits.requests_per_minute, self._share)
        return settle(self._window(caller.key_id, now).admit(now, maximum), maximum, self._clock)

    def _window(self, key_id: int, now: float) -> Window:
        window = self._windows.pop(key_id, None) or Window()
        self._forget_idle(now)
        self._windows[key_id] = window
        return window

    def _forget_idle(self, now: float) -> None:
        """Windows lie in the order of their last use: with each admission the idlest goes, if it is empty."""
        for key_id, window in self._windows.items():
            if window.is_over(now):
                del self._windows[key_id]
            return


ADMIT = Script("""
local maximum, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end
local window, run = 60000000, 1000000

local packed = redis.call('GET', KEYS[1])
local stored = packed and cmsgpack.unpack(packed) or {}
local runs, used = {}, 0
for i = 1, #stored, 2 do
    local age = now - stored[i]
    if age < window and age > -window then
        runs[#runs + 1], runs[#runs + 2] = stored[i], stored[i + 1]
        used = used + stored[i + 1]
    end
end

local function wait(wanted)
    for i = 1, #runs, 2 do
        wanted = wanted - runs[i + 1]
        if wanted <= 0 then return runs[i] + window - now end
    end
    return window
end

if used >= maximum then return {0, used, wait(used - maximum + 1)} end
local last = #runs - 1
if last > 0 and math.floor(runs[last] / run) == math.floor(now / run) then
    runs[last], runs[last + 1] = math.max(runs[last], now), runs[last + 1] + 1
else
    runs[#runs + 1], runs[#runs + 2] = now, 1
end
redis.call('SET', KEYS[1], cmsgpack.pack(runs), 'PX', window / 1000)
return {1, used + 1, wait(1)}
""")
"""`Window.admit` on the server, in microseconds of the server's clock unless ARGV[2] hands in others.

Runs from a minute ahead are forgotten too: they are what a clock that was set back leaves behind."""


class RedisLimiter:
    """Counts in Redis for all processes. While Redis is out of reach this process admits `local_share` of each limit.

    With `clock` its time counts instead of the server's. `degraded` says which way the last request went, `fallbacks`
    counts those that went without Redis.
    """

    def __init__(self, client: GuardedRedis, *, local_share: float = 0.5, clock: Clock | None = None) -> None:
        self.degraded = False
        self.fallbacks = 0
        self._client = client
        self._local = MemoryLimiter(share=local_share, clock=clock)
        self._uses_server_time = clock is None
        self._clock = clock or SystemClock()

    async def admit(self, caller: Caller) -> Admission:
        maximum = caller.limits.requests_per_minute
        if maximum is None:
            return UNLIMITED
        now = "" if self._uses_server_time else int(self._clock.monotonic() * 1_000_000)
        try:
            admitted, used, wait = await self._client.evaluate(ADMIT, [redis_key(caller)], maximum, now)
        except StoreUnavailable:
            return await self._admit_alone(caller)
        self.degraded = False
        return settle(Verdict(bool(admitted), used, wait / 1_000_000), maximum, self._clock)

    async def _admit_alone(self, caller: Caller) -> Admission:
        self.degraded = True
        self.fallbacks += 1
        return replace(await self._local.admit(caller), degraded=True)


def redis_key(caller: Caller) -> str:
    """The organisation is the hash tag: in a cluster, all that limits one caller lies in one slot."""
    return f"gatehouse:limits:{{{caller.organisation_id}}}:key:{caller.key_id}:requests"


@dataclass(slots=True, frozen=True)
class Verdict:
    """`used` counts this request where it was admitted; `wait` is seconds until the next room."""

    admitted: bool
    used: int
    wait: float


class Window:
    """The requests of the last sixty seconds, as runs of (last instant, count)."""

    __slots__ = ("_runs", "_used")

    def __init__(self) -> None:
        self._runs: deque[tuple[float, int]] = deque()
        self._used = 0

    def admit(self, now: float, maximum: int) -> Verdict:
        self._forget(now)
        if self._used >= maximum:
            return Verdict(False, self._used, self._wait(now, self._used - maximum + 1))
        self._add(now)
        return Verdict(True, self._used, self._wait(now, 1))

    def is_over(self, now: float) -> bool:
        return not self._runs or self._runs[-1][0] + WINDOW <= now

    def _forget(self, now: float) -> None:
        while self._runs and self._runs[0][0] + WINDOW <= now:
            self._used -= self._runs.popleft()[1]

    def _add(self, now: float) -> None:
        count = 1
        if self._runs and self._runs[-1][0] // RUN == now // RUN:
            count += self._runs.pop()[1]
        self._runs.append((now, count))
        self._used += 1

    def _wait(self, now: float, wanted: int) -> float:
        """Seconds until `wanted` requests have left."""
        for last, count in self._runs:
            wanted -= count
            if wanted <= 0:
                return last + WINDOW - now
        return WINDOW


def shared_limit(limit: int, share: float) -> int:
    """The part of `limit` that one process may grant alone: rounded down, but not to nothing."""
    return min(limit, max(1, int(limit * share)))


def settle(verdict: Verdict, maximum: int, clock: Clock) -> Admission:
    """What `verdict` means to the caller: an admission or a refusal."""
    if verdict.admitted:
        return Admission(maximum, maximum - verdict.used, verdict.wait)
    raise RateLimited(
        f"This key has made {verdict.used} requests in the last minute; its limit is {maximum}.",
        retry_after=verdict.wait,
        hint=f"Try again in {duration(verdict.wait)}.",
        limit=Limit(
            name="requests_per_minute",
            scope="key",
            used=verdict.used,
            max=maximum,
            resets_at=clock.now() + timedelta(seconds=verdict.wait),
        ),
    )


def duration(seconds: float) -> str:
    """As the vendors write it: `12ms`, `1s`, `1.5s`, `6m0s`, `1h0m0s`; rounded up to the millisecond."""
    milliseconds = ceil(round(max(seconds, 0.0) * 1000, 3))
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    rest = f"{milliseconds / 1000:g}s"
    return f"{hours}h{minutes}m{rest}" if hours else f"{minutes}m{rest}" if minutes else rest
