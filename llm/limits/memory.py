"""Meters in this process."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from llm.call import Clock, SystemClock
from llm.limits.meters import Change, Demand, Reading, Taken, granted
from llm.limits.window import Window

LOOK_AGAIN = 0.25
"""Seconds until a place may have come free: nobody knows how long a call takes."""


class MemoryMeters:
    """Counts for every event loop of this process, which grants `share` of every limit, but not less than 1."""

    def __init__(self, *, share: float = 1.0, clock: Clock | None = None) -> None:
        self._share = share
        self._clock = clock or SystemClock()
        self._windows: dict[str, Window] = {}
        self._calls: dict[str, int] = {}
        self._lock = Lock()

    async def take(self, demands: Sequence[Demand], due: float | None = None) -> Taken:
        put = [granted(demand, self._share) for demand in demands]
        with self._lock:
            now = self._clock.monotonic()
            short = [self._short(demand, now) for demand in put]
            if fits := max(short, default=0) <= 0:
                self._count(put, now)
            readings = [
                Reading(demand, self._used(demand, now), self._wait(demand, now, max(lack, 1)), fits or lack <= 0)
                for demand, lack in zip(put, short, strict=True)
            ]
        return Taken(self, readings, now)

    def change(self, taken: Taken, changes: Sequence[Change]) -> None:
        with self._lock:
            now = self._clock.monotonic()
            for demand, more in changes:
                if not demand.window:
                    self._count_calls(demand.key, more)
                elif more > 0:
                    self._window(demand, now).add(now, more)
                elif demand.key in self._windows:
                    self._windows[demand.key].give_back(taken.at, -more)

    def correct(self, demand: Demand, remaining: int, seconds: float) -> None:
        with self._lock:
            now = self._clock.monotonic()
            self._window(demand, now).correct(now, demand.most - remaining, seconds)

    async def close(self) -> None:
        return None

    def _short(self, demand: Demand, now: float) -> int:
        return self._used(demand, now) + demand.wanted - demand.most if demand.wanted else 0

    def _used(self, demand: Demand, now: float) -> int:
        return self._window(demand, now).used(now) if demand.window else self._calls.get(demand.key, 0)

    def _wait(self, demand: Demand, now: float, room: int) -> float:
        return self._window(demand, now).wait(now, room) if demand.window else LOOK_AGAIN

    def _count(self, demands: list[Demand], now: float) -> None:
        for demand in demands:
            if not demand.window:
                self._count_calls(demand.key, demand.wanted)
            elif demand.wanted:
                self._window(demand, now).add(now, demand.wanted)

    def _count_calls(self, key: str, more: int) -> None:
        left = self._calls.pop(key, 0) + more
        if left > 0:
            self._calls[key] = left

    def _window(self, demand: Demand, now: float) -> Window:
        """The one asked for goes to the end: windows lie in the order of their last use."""
        window = self._windows.pop(demand.key, None) or Window(demand.window)
        self._forget_idle(now)
        self._windows[demand.key] = window
        return window

    def _forget_idle(self, now: float) -> None:
        """With each look the idlest goes, if it is empty."""
        for key, window in self._windows.items():
            if not window.used(now):
                del self._windows[key]
            return
