"""`python -m tests.llm.limits.crowd URL PROVIDER MOST WINDOW SECONDS PRIORITY…`: a process whose calls crowd before a
provider.

It says that it is ready, and begins when it is told to. Every turn is a line: when it came, on the clock that all
processes of a machine share, the priority, and the wait.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from llm.limits import RedisMeters, WaitingThrottle, line
from llm.redis import GuardedRedis
from llm.registry import Limits, ProviderSpec, RouteSpec
from tests.llm.limits.demands import asked

EACH = 8
"""Callers of each priority, of whom each asks again as soon as it was served."""


async def crowd(url: str, provider: int, most: int, window: float, seconds: float, priorities: Sequence[str]) -> None:
    line.HANDICAP.update(normal=window / 2, low=1.5 * window)
    redis = GuardedRedis(url)
    throttle = WaitingThrottle(RedisMeters(redis, apart=window / 10), window=window)
    spec = ProviderSpec(id=provider, name="crowded", kind="openai", limits=Limits(most))
    until = time.monotonic() + seconds

    async def ask_again_and_again(priority: str) -> None:
        while time.monotonic() < until:
            permit = await throttle.enter(asked(priority=priority), RouteSpec(1, spec, "m"))
            print(time.monotonic(), priority, permit.waited)
            permit.leave(0)

    await asyncio.gather(*(ask_again_and_again(priority) for priority in priorities for _ in range(EACH)))


if __name__ == "__main__":
    url, provider, most, window, seconds, *priorities = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    asyncio.run(crowd(url, int(provider), int(most), float(window), float(seconds), priorities))
