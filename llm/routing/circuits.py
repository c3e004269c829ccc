"""A circuit breaker for each route: one that fails is left alone for a while, and then tried with care."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal
from uuid import uuid4

from llm.call import Clock
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm.registry import RouteSpec

COUNTED = (ProviderBroken, ProviderTimeout, ProviderUnreachable, ProviderOverloaded, ProviderAuth)
"""What a route is to blame for; and a rate limit that no waiting helps against, as vendors call an empty account."""
WINDOW = 30.0
"""Seconds that failures are counted over."""
FAILURES = 5
SHARE = 0.5
"""A circuit opens after so many failures, if they are so much of what was tried."""
COOL_DOWN = 5.0
"""Seconds that a circuit stays open at first; twice as long each time that it opens again soon."""
LONGEST = 120.0
DOUBLINGS = 10
"""Beyond the longest. An outage of days trips a circuit more often than a number can be doubled."""
SOON = 60.0
TRIALS = 3
"""Tries that must succeed, one after the other, for a half-open circuit to close. At first one is let through, and
twice as many after each success."""
LONGEST_PAUSE = 600.0
"""Seconds that a vendor may have us wait."""

State = Literal["closed", "open", "half_open"]


@dataclass(slots=True, frozen=True)
class RouteName:
    """A route, and which edition of its provider's row."""

    id: int
    version: int
    provider: str
    upstream_model: str

    @classmethod
    def of(cls, route: RouteSpec) -> RouteName:
        return cls(route.id, route.provider.version, route.provider.name, route.upstream_model)

    def names(self, route: RouteSpec) -> bool:
        return self.version == route.provider.version and self.upstream_model == route.upstream_model


@dataclass(slots=True, frozen=True)
class Standing:
    """How a circuit that is not closed stands; instants in UTC, `why` in words for a person."""

    route: RouteName
    state: State
    since: datetime
    until: datetime
    why: str


@dataclass(slots=True, frozen=True)
class Change:
    """One turn of a circuit, as others are told of it; instants on a monotonic clock, `due` None: it closed."""

    id: str
    at: float
    due: float | None = None
    since: float = 0.0
    paused: bool = False
    trips: int = 0
    why: str = ""


UNTOUCHED = Change("", -math.inf)


class Circuit:
    """The breaker of one route, in this process.

    Closed, it counts; open, until `due`, it lets nobody through; half-open, after that, a few. A pause that the vendor
    asked for is over when it is over: nothing has to be tried.
    """

    def __init__(self, route: RouteName, tell: Callable[[Circuit], None], lock: Lock, failures: int = FAILURES) -> None:
        self.route = route
        self.last = UNTOUCHED
        self.due: float | None = None
        self._closed_at = -math.inf
        self._trying = 0
        self._passed = 0
        self._outcomes = Outcomes()
        self._tell = tell
        self._lock = lock
        self._failures = failures

    def state(self, now: float) -> State:
        if self.due is None or (self.last.paused and now >= self.due):
            return "closed"
        return "open" if now < self.due else "half_open"

    def admits(self, now: float) -> bool:
        due = self.due
        return due is None or (now >= due and (self.last.paused or self._trying < 2**self._passed))

    @property
    def is_being_tried(self) -> bool:
        return self._trying > 0

    def left(self, now: float) -> float:
        """Seconds until somebody may be let through."""
        return 0.0 if self.due is None else max(self.due - now, 0.0)

    def pause(self, now: float) -> float:
        """Seconds that its vendor is still to be left alone, as it has asked; 0 where it has not."""
        return self.left(now) if self.last.paused else 0.0

    def enter(self, now: float) -> bool:
        """A try begins; True if it is one on trial, for which `succeed`, `fail` or `leave` is owed."""
        if self.due is None:
            return False
        with self._lock:
            if self.due is None or (self.last.paused and now >= self.due):
                self.due = None
                return False
            self._trying += 1
            return True

    def succeed(self, now: float, *, on_trial: bool) -> None:
        if self.due is None:
            self._outcomes.note(now, failed=False)
        if not on_trial:
            return
        with self._lock:
            self._trying -= 1
            if self.due is None:
                return
            self._passed += 1
            self.due = min(self.due, now)
            if self._passed >= TRIALS:
                self._close(now, "it answers again")

    def fail(self, now: float, error: ProviderError, *, on_trial: bool) -> None:
        if isinstance(error, ProviderRefused):  # of the request: whoever refuses it is alive
            self.succeed(now, on_trial=on_trial)
            return
        with self._lock:
            if on_trial:
                self._trying -= 1
            if isinstance(error, ProviderRateLimited) and error.retry_after:
                self._pause(now, error.retry_after)
            elif isinstance(error, COUNTED) or (isinstance(error, ProviderRateLimited) and not error.retryable):
                self._count(now, error, on_trial)

    def leave(self, *, on_trial: bool) -> None:
        """The try came to no verdict."""
        if on_trial:
            with self._lock:
                self._trying -= 1

    def reset(self, now: float, why: str) -> None:
        with self._lock:
            self._close(now, why)

    def follow(self, change: Change) -> None:
        """What another process found out."""
        with self._lock:
            self._turn(change)

    def _count(self, now: float, error: ProviderError, on_trial: bool) -> None:
        if self.due is None:
            self._outcomes.note(now, failed=True)
            failed, tried = self._outcomes.seen(now)
            if failed >= self._failures and failed >= SHARE * tried:
                self._open(now, f"{failed} of {tried} tries failed within {WINDOW:g} s, the last with {error.code}")
        elif on_trial and now >= self.due:
            self._open(now, f"it still fails, with {error.code}")

    def _open(self, now: float, why: str) -> None:
        again = self.due is not None or now - self._closed_at < SOON
        trips = self.last.trips + 1 if again else 1
        cool_down = min(COOL_DOWN * 2.0 ** min(trips - 1, DOUBLINGS), LONGEST)
        cool_down *= random.uniform(0.8, 1.2)  # noqa: S311  # spreads load
        since = now if self.due is None else self.last.since
        self._tell_of(Change(uuid4().hex, now, now + cool_down, since, trips=trips, why=why))

    def _pause(self, now: float, seconds: float) -> None:
        """One that had opened stays open for so long, and is tried with care after that."""
        opened = self.due is not None and not self.last.paused
        if opened and self.left(now):
            return
        until = max(now + min(seconds, LONGEST_PAUSE), self.due or 0.0)
        since = self.last.since if opened else now
        why = f"provider_rate_limited: the vendor asks for a pause of {seconds:.3g} s"
        self._tell_of(Change(uuid4().hex, now, until, since, paused=not opened, trips=self.last.trips, why=why))

    def _close(self, now: float, why: str) -> None:
        self._tell_of(Change(uuid4().hex, now, trips=self.last.trips, why=why))

    def _tell_of(self, change: Change) -> None:
        self._turn(change)
        self._tell(self)

    def _turn(self, change: Change) -> None:
        self.last, self.due, self._passed = change, change.due, 0
        if change.due is None:
            self._closed_at, self._outcomes = change.at, Outcomes()


class Outcomes:
    """Tries of the last seconds, counted in slots of three."""

    SLOT = WINDOW / 10

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: deque[list[int]] = deque(maxlen=11)

    def note(self, now: float, *, failed: bool) -> None:
        slot = int(now // self.SLOT)
        if not self._slots or self._slots[-1][0] != slot:
            self._slots.append([slot, 0, 0])
        self._slots[-1][1] += failed
        self._slots[-1][2] += 1

    def seen(self, now: float) -> tuple[int, int]:
        """Failures, and tries in all."""
        recent = [slot for slot in self._slots if slot[0] > now // self.SLOT - 10]
        return sum(failed for _, failed, _ in recent), sum(tried for _, _, tried in recent)


Listener = Callable[[RouteName, Change], None]
"""Hears of what turned in this process, and must not take long: circuits wait meanwhile."""


def nobody(route: RouteName, change: Change) -> None:
    return None


class Circuits:
    """All circuits of this process, whatever event loop its calls are on; each opens after so many `failures`."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, listener: Listener = nobody) -> None:
        self._clock = clock
        self._failures = failures
        self._listener = listener
        self._lock = Lock()
        self._circuits: dict[int, Circuit] = {}

    def of(self, route: RouteSpec) -> Circuit:
        """An edited route or provider (another address, another key) begins anew."""
        circuit = self._circuits.get(route.id)
        if circuit is None or not circuit.route.names(route):
            circuit = self._new(RouteName.of(route))
        return circuit

    def shut(self) -> list[Standing]:
        """Those that are not closed, the longest open first."""
        now, instant = self._clock.monotonic(), self._clock.now()
        found = [
            Standing(
                circuit.route,
                circuit.state(now),
                instant + timedelta(seconds=circuit.last.since - now),
                instant + timedelta(seconds=due - now),
                circuit.last.why,
            )
            for circuit in list(self._circuits.values())
            if (due := circuit.due) is not None and circuit.state(now) != "closed"
        ]
        return sorted(found, key=lambda standing: standing.since)

    def reset(self, route_id: int) -> None:
        """Close the circuit of a route by hand, here and wherever its news is heard."""
        circuit = self._circuits.get(route_id)
        if circuit is not None:
            circuit.reset(self._clock.monotonic(), "reset by hand")

    def stop(self) -> None:
        return None

    def _new(self, route: RouteName) -> Circuit:
        circuit = self._circuits[route.id] = Circuit(route, self._changed, self._lock, self._failures)
        return circuit

    def _changed(self, circuit: Circuit) -> None:
        """A circuit opened or closed. Called with the lock held."""
        self._listener(circuit.route, circuit.last)
