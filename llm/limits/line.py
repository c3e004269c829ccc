"""The line of calls that found no room at a provider: who comes when, and who looks whether there is room now."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left, insort
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from math import inf

from llm.call import Clock
from llm.limits.meters import Demand, Meters, Reading, Taken

HANDICAP = {"high": 0.0, "normal": 10.0, "low": 30.0}
"""Seconds that a call of this priority counts as having come later than it did: so it lets others pass, but not for
ever."""
LOOK = 1.0
"""The longest a line goes without a look: other processes give back without a word."""
FOR_GOOD = "requests_per_minute"
"""What nobody ever gives back."""

_numbers = count()


@dataclass(slots=True, order=True)
class Waiter:
    """One call in the line. `due` is when it came, with its handicap, in seconds of the monotonic clock."""

    due: float
    number: int = field(default_factory=lambda: next(_numbers), init=False)
    demands: list[Demand] = field(compare=False)
    turn: asyncio.Future[Taken] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), init=False, compare=False
    )

    @property
    def group(self) -> tuple[str, ...]:
        """Those who want the same come strictly one after the other."""
        return tuple(demand.key for demand in self.demands)

    @property
    def pace(self) -> float:
        """Seconds for which such a call takes up the whole of its tightest limit."""
        return max((demand.window * demand.wanted / demand.most for demand in self.demands), default=0.0)


@dataclass(slots=True, frozen=True)
class Full:
    """A limit without room, as it was read: when there will be some, and when it is worth a look. That concerns those
    who are due from `since` on: what one leaves to another process, somebody who came before may take."""

    reading: Reading
    until: float
    look: float
    since: float


class Line:
    """Of one provider, in this process. One task serves it as long as somebody waits. The heads of such lines know of
    one another through the meters.

    Whoever lacks only what others do not need (the room of another route, the share of those who yield) is passed.
    """

    def __init__(self, meters: Meters, clock: Clock) -> None:
        self._meters = meters
        self._clock = clock
        self._groups: dict[tuple[str, ...], list[Waiter]] = {}
        self._full: dict[str, Full] = {}
        self._left = 0
        self._changed = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def expected(self, waiter: Waiter) -> float:
        """Seconds until `waiter` has its turn, if all goes on as it does now."""
        now = self._clock.monotonic()
        room = max((full.until - now for full in self._missing(waiter)), default=0.0)
        return max(room, 0.0) + self.ahead(waiter) * waiter.pace

    def ahead(self, waiter: Waiter) -> int:
        """How many stand before it, or would."""
        return sum(bisect_left(group, waiter) for group in self._groups.values())

    def short(self, waiter: Waiter) -> Reading | None:
        """The limit that it waits for, the longest where there are several."""
        full = max(self._missing(waiter), key=lambda full: full.until, default=None)
        return None if full is None else full.reading

    async def wait(self, waiter: Waiter, seconds: float) -> Taken:
        """Its turn; TimeoutError where it does not come in time. Whoever leaves makes room at once."""
        insort(self._groups.setdefault(waiter.group, []), waiter)
        self._changed.set()
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve())
        try:
            async with asyncio.timeout(seconds):
                return await waiter.turn
        except BaseException:  # whatever ended the wait: what it was given meanwhile goes back
            if waiter.turn.done() and not waiter.turn.cancelled():
                self._undo(waiter.turn.result())
            raise
        finally:
            waiter.turn.cancel()
            self._remove(waiter)
            self._changed.set()

    async def look(self, demands: list[Demand], due: float) -> Taken:
        """Take them if there is room for one that is `due` then. If not, nobody needs to look before there is some,
        unless somebody has left since this was asked."""
        left = self._left
        taken = await self._meters.take(demands, due)
        now = self._clock.monotonic()
        for reading in taken.readings:
            if not reading.fits and (left == self._left or reading.demand.name == FOR_GOOD):
                pause = min(reading.wait, LOOK) * random.uniform(1.0, 1.1)  # noqa: S311  # jitter guards nothing
                since = due if reading.yields else -inf
                self._full[reading.demand.key] = Full(reading, now + reading.wait, now + pause, since)
        return taken

    def room(self) -> None:
        """Somebody of this process has left: where tokens or places were wanting, it is worth a look."""
        self._left += 1
        self._full = {key: full for key, full in self._full.items() if full.reading.demand.name == FOR_GOOD}
        self._changed.set()

    async def _serve(self) -> None:
        try:
            while self._groups:
                delay, head = min((self._delay(group[0]), group[0]) for group in self._groups.values())
                if delay > 0:
                    await self._rest(delay)
                else:
                    await self._try(head)
        finally:
            self._serving = None

    async def _try(self, head: Waiter) -> None:
        """One that has left may still stand here: its own task has yet to run, and would never do so where this one
        goes on with meters that wait for nothing."""
        if not head.turn.done():
            taken = await self.look(head.demands, head.due)
            if taken.short is not None:
                return
            if head.turn.done():
                self._undo(taken)
            else:
                head.turn.set_result(taken)
        self._remove(head)

    def _undo(self, taken: Taken) -> None:
        taken.undo()
        self.room()

    async def _rest(self, seconds: float) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _delay(self, waiter: Waiter) -> float:
        now = self._clock.monotonic()
        look = max((full.look - now for full in self._missing(waiter)), default=0.0)
        return max(look, 0.0)

    def _missing(self, waiter: Waiter) -> Iterator[Full]:
        full = (self._full.get(demand.key) for demand in waiter.demands)
        return (one for one in full if one is not None and one.since <= waiter.due)

    def _remove(self, waiter: Waiter) -> None:
        group = self._groups.get(waiter.group, [])
        place = bisect_left(group, waiter)
        if place < len(group) and group[place] is waiter:
            del group[place]
        if not group:
            self._groups.pop(waiter.group, None)
