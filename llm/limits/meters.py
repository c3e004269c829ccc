"""What is counted, and the seam to whoever counts: in this process alone, or for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from llm.registry import Limits

Name = Literal["requests_per_minute", "tokens_per_minute", "max_concurrency"]
Change = tuple["Demand", int]
"""More (or, below 0, less) of a demand than was taken."""


@dataclass(slots=True, frozen=True)
class Demand:
    """So much wanted of one limit, which grants `most`: in any `window` seconds, or at once where that is 0.

    `key` is what it is counted under. Who wants more than the whole gets the whole.
    """

    key: str
    name: Name
    scope: str
    most: int
    wanted: int
    window: float


def demands_on(limits: Limits, key: str, scope: str, *, tokens: int, window: float) -> list[Demand]:
    """One call's on all that is limited."""
    made: list[Demand] = []
    if limits.requests_per_minute is not None:
        made.append(Demand(f"{key}:requests", "requests_per_minute", scope, limits.requests_per_minute, 1, window))
    if limits.tokens_per_minute is not None:
        made.append(Demand(f"{key}:tokens", "tokens_per_minute", scope, limits.tokens_per_minute, tokens, window))
    if limits.max_concurrency is not None:
        made.append(Demand(f"{key}:calls", "max_concurrency", scope, limits.max_concurrency, 1, 0))
    return made


@dataclass(slots=True, frozen=True)
class Reading:
    """`demand` as it was put. `used` counts it where it was taken; `wait` is seconds until there is (more) room."""

    demand: Demand
    used: int
    wait: float
    fits: bool = True

    @property
    def remaining(self) -> int:
        return max(0, self.demand.most - self.used)

    @property
    def yields(self) -> bool:
        """There was room, but somebody of another process had come before."""
        return not self.fits and self.used + self.demand.wanted <= self.demand.most

    @property
    def reset(self) -> float:
        """Seconds until more is left than now."""
        return self.wait if self.used else 0.0


@dataclass(slots=True)
class Taken:
    """What came of demands put together: all taken, or none. `at` is the counting clock's own.

    `alone` says that the shared count was out of reach, and this process granted out of its own share.
    """

    meters: Meters
    readings: list[Reading]
    at: float
    alone: bool = False
    is_over: bool = False
    short: Reading | None = field(init=False)
    """Where nothing was taken: the limit that takes longest to have room."""

    def __post_init__(self) -> None:
        self.short = max((reading for reading in self.readings if not reading.fits), key=_wait, default=None)
        self.is_over = self.short is not None

    def leave(self, tokens: int | None) -> None:
        """It is over: so many tokens were used in the end (None: as many as were taken). Waits for nothing."""
        self._change([change for reading in self.readings if (change := _settled(reading.demand, tokens))[1]])

    def undo(self) -> None:
        """As if nobody had asked."""
        self._change([(reading.demand, -reading.demand.wanted) for reading in self.readings])

    def _change(self, changes: list[Change]) -> None:
        if not self.is_over:
            self.is_over = True
            self.meters.change(self, changes)


def _wait(reading: Reading) -> float:
    return reading.wait


def _settled(demand: Demand, tokens: int | None) -> Change:
    if demand.name == "max_concurrency":
        return demand, -1
    if demand.name == "tokens_per_minute" and tokens is not None:
        return demand, tokens - demand.wanted
    return demand, 0


class Meters(Protocol):
    """None of it raises; `change` and `correct` wait for nothing."""

    async def take(self, demands: Sequence[Demand], due: float | None = None) -> Taken:
        """All of them or none; who wants nothing (0) only looks. Who stands in line says since when (`due`, as in
        `Waiter`), and does not pass those of other processes who have waited for the same much longer."""

    def change(self, taken: Taken, changes: Sequence[Change]) -> None:
        """Of what was taken: more of it counts from now on, less as if it had never been taken."""

    def correct(self, demand: Demand, remaining: int, seconds: float) -> None:
        """The vendor knows better than we how much is left, and will count so for `seconds` at most."""

    async def close(self) -> None: ...


def shared_limit(limit: int, share: float) -> int:
    """The part of `limit` that one process may grant alone: rounded down, but not to nothing."""
    return min(limit, max(1, int(limit * share)))


def granted(demand: Demand, share: float = 1.0) -> Demand:
    """As it is put where only that share of each limit may be given."""
    most = shared_limit(demand.most, share)
    wanted = demand.wanted and max(1, min(demand.wanted, most))
    if (most, wanted) == (demand.most, demand.wanted):
        return demand
    return Demand(demand.key, demand.name, demand.scope, most, wanted, demand.window)
