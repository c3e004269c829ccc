"""What this process has seen of each route of late: how fast it answers, and how many calls it has in flight there."""

from __future__ import annotations

from collections import Counter, deque

from llm.call import Clock
from llm.registry import RouteSpec

HALF_LIFE = 120.0
"""Seconds after which an observation counts half."""
KNOWN = 0.25
"""Of one fresh observation: what is left of them must be more for a route to be known."""
FAILED = 30.0
"""Seconds that a failed try counts for, so that a route which fails at once does not pass for a fast one."""
SAMPLES = 100
ENOUGH = 20
"""Observations it takes to tell a slow call from a usual one."""
SLOW = 0.95
RECENT = 600.0


class Observed:
    """Speeds and calls in flight by route, for all event loops of this process.

    Seconds until the first content: of a streamed answer its first token, of any other the whole of it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._paces: dict[tuple[int, bool], Pace] = {}
        self._routes: Counter[int] = Counter()
        self._providers: Counter[int] = Counter()

    def enter(self, route: RouteSpec) -> None:
        self._routes[route.id] += 1
        self._providers[route.provider.id] += 1

    def leave(self, route: RouteSpec) -> None:
        self._routes[route.id] -= 1
        self._providers[route.provider.id] -= 1

    def in_flight(self, route: RouteSpec) -> int:
        return self._routes[route.id]

    def at_provider(self, provider_id: int) -> int:
        """Calls in flight at all of its routes."""
        return self._providers[provider_id]

    def note(self, route: RouteSpec, *, streamed: bool, seconds: float) -> None:
        self._pace(route, streamed).note(seconds, self._clock.monotonic())

    def note_failure(self, route: RouteSpec, *, streamed: bool) -> None:
        self._pace(route, streamed).weigh(FAILED, self._clock.monotonic())

    def speed(self, route: RouteSpec, *, streamed: bool) -> float | None:
        """Seconds it takes on average; None where nothing was seen of late."""
        pace = self._paces.get((route.id, streamed))
        return None if pace is None else pace.mean(self._clock.monotonic())

    def slow(self, route: RouteSpec, *, streamed: bool) -> float | None:
        """Seconds that 95 of 100 calls do not need; None where too few were seen."""
        pace = self._paces.get((route.id, streamed))
        return None if pace is None else pace.slow(self._clock.monotonic())

    def _pace(self, route: RouteSpec, streamed: bool) -> Pace:
        key = (route.id, streamed)
        pace = self._paces.get(key)
        if pace is None:
            pace = self._paces[key] = Pace()
        return pace


class Pace:
    """A mean that forgets, and the last observations one by one."""

    __slots__ = ("_at", "_mean", "_recent", "_weight")

    def __init__(self) -> None:
        self._mean = self._weight = self._at = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=SAMPLES)

    def note(self, seconds: float, now: float) -> None:
        self.weigh(seconds, now)
        self._recent.append((now, seconds))

    def weigh(self, seconds: float, now: float) -> None:
        self._weight = self._faded(now) + 1
        self._mean += (seconds - self._mean) / self._weight
        self._at = now

    def mean(self, now: float) -> float | None:
        return self._mean if self._faded(now) >= KNOWN else None

    def slow(self, now: float) -> float | None:
        recent = sorted(seconds for at, seconds in self._recent if now - at <= RECENT)
        return recent[int(SLOW * len(recent))] if len(recent) >= ENOUGH else None

    def _faded(self, now: float) -> float:
        return float(self._weight * 0.5 ** ((now - self._at) / HALF_LIFE))
