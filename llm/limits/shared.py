"""Meters in Redis, which count for all processes."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from llm.call import Clock, SystemClock
from llm.limits import scripts
from llm.limits.memory import LOOK_AGAIN, MemoryMeters
from llm.limits.meters import Change, Demand, Reading, Taken, granted
from llm.redis import Argument, GuardedRedis, Reply, Script, StoreUnavailable

PULSE = 1.0
"""Seconds between two signs of life."""
SILENCE = 10.0
"""Seconds without a sign of life after which a process' places are free again."""
APART = 2.0
"""Seconds that somebody must have come earlier to go before one of another process. It costs some time: until the other
looks again, nobody uses what is free."""
MICROSECONDS = 1_000_000


class RedisMeters:
    """Counts in Redis. While that is out of reach this process grants `local_share` of each limit, and says so.

    Works on one event loop. With `clock` its time counts instead of the server's. `degraded` says which way the last
    demands went, `fallbacks` counts those that went without Redis.
    """

    def __init__(
        self,
        client: GuardedRedis,
        *,
        local_share: float = 0.5,
        clock: Clock | None = None,
        silence: float = SILENCE,
        apart: float = APART,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.degraded = False
        self.fallbacks = 0
        self._client = client
        self._alone = MemoryMeters(share=local_share, clock=clock)
        self._clock = clock
        self._silence = silence
        self._apart = apart
        self._sleep = sleep
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._held: dict[str, int] = {}
        """Places of calls in flight; those of demands that are not answered yet are not among them."""
        self._unanswered = 0
        self._is_lost = False
        """Whether Redis may remember something else than is so: it has to be told anew."""
        self._changes: list[tuple[Demand, float, int]] = []
        self._tasks: set[asyncio.Task[Reply]] = set()
        self._pulse: asyncio.Task[None] | None = None

    async def take(self, demands: Sequence[Demand], due: float | None = None) -> Taken:
        """Whoever leaves while it is being taken gives it back."""
        self._begin()
        self._flush()
        self._unanswered += 1
        work = asyncio.ensure_future(self._take([granted(demand) for demand in demands], due))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_undo)
            raise

    async def _take(self, demands: list[Demand], due: float | None) -> Taken:
        arguments: list[Argument] = ["", "", ""]
        if due is not None:
            ahead = due - (self._clock or SystemClock()).monotonic()
            arguments = [_micros(ahead), _micros(self._apart), f":{due!r}"]
        for demand in demands:
            held = 0 if demand.window else self._held.setdefault(demand.key, 0)
            arguments += (_micros(demand.window), demand.most, demand.wanted, held, _micros(LOOK_AGAIN))
        try:
            reply = await self._evaluate(scripts.TAKE, [demand.key for demand in demands], *arguments)
        except StoreUnavailable:
            self._is_lost = self.degraded = True
            self.fallbacks += 1
            taken = await self._alone.take(demands)
            taken = Taken(self, taken.readings, taken.at, alone=True)
        else:
            self.degraded = False
            taken = Taken(self, _readings(demands, reply), reply[0])
        finally:
            self._unanswered -= 1
        if taken.short is None:
            self._hold([(demand, demand.wanted) for demand in demands])
        return taken

    def change(self, taken: Taken, changes: Sequence[Change]) -> None:
        self._hold(changes)
        if taken.alone:
            self._alone.change(taken, changes)
            changes = [(demand, more) for demand, more in changes if not demand.window]
        if changes and not self._changes:
            asyncio.get_running_loop().call_soon(self._flush)
        self._changes += [(demand, taken.at, more) for demand, more in changes]

    def correct(self, demand: Demand, remaining: int, seconds: float) -> None:
        truth = demand.most - remaining
        self._tell(scripts.CORRECT, [demand.key], _micros(demand.window), truth, _micros(min(seconds, demand.window)))

    async def close(self) -> None:
        """What is still held is held no more."""
        if self._pulse is not None:
            self._pulse.cancel()
        self._flush()
        if held := [key for key, count in self._held.items() if count]:
            self._held = dict.fromkeys(held, 0)
            self._beat()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hold(self, changes: Sequence[Change]) -> None:
        for demand, more in changes:
            if not demand.window:
                self._held[demand.key] = max(0, self._held.get(demand.key, 0) + more)

    def _flush(self) -> None:
        """What was settled in one turn of the loop goes together."""
        self._mend()
        changes, self._changes = self._changes, []
        if changes:
            told = [value for demand, at, more in changes for value in (_micros(demand.window), at, more)]
            self._tell(scripts.CHANGE, [demand.key for demand, _, _ in changes], *told)

    def _mend(self) -> None:
        """Before anything else is asked after a loss; what was not told yet is in the numbers already."""
        if self._is_lost and self._client.is_available:
            self._is_lost = False
            self._changes = [change for change in self._changes if change[0].window]
            self._beat()

    def _beat(self) -> None:
        is_exact = int(self._unanswered == 0)
        held = list(self._held.items())
        if not held:
            return
        self._tell(scripts.BEAT, [key for key, _ in held], is_exact, *(count for _, count in held))
        if is_exact:
            self._held = {key: count for key, count in held if count}

    def _begin(self) -> None:
        if self._pulse is None:
            self._pulse = asyncio.get_running_loop().create_task(self._beating())

    async def _beating(self) -> None:
        while True:
            await self._sleep(PULSE)
            self._flush()
            self._beat()

    def _tell(self, script: Script, keys: list[str], *arguments: Argument) -> None:
        """Without waiting; what is told first arrives first."""
        task = asyncio.get_running_loop().create_task(self._evaluate(script, keys, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[Reply]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is not None:
            self._is_lost = True

    async def _evaluate(self, script: Script, keys: list[str], *arguments: Argument) -> Reply:
        now = "" if self._clock is None else _micros(self._clock.monotonic())
        return await self._client.evaluate(script, keys, now, self._name, _micros(self._silence), *arguments)


def _readings(demands: list[Demand], reply: Reply) -> list[Reading]:
    said = zip(demands, reply[1::3], reply[2::3], reply[3::3], strict=True)
    return [Reading(demand, used, wait / MICROSECONDS, bool(fits)) for demand, used, wait, fits in said]


def _undo(work: asyncio.Future[Taken]) -> None:
    if not work.cancelled() and work.exception() is None:
        work.result().undo()


def _micros(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
