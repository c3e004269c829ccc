"""What work costs this thread. Machines differ: a test holds one cost against another, never against the clock."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable


def cost(work: Callable[[], object], times: int = 1000) -> float:
    """CPU seconds of one of many calls, at their best."""
    return min(timeit.repeat(work, timer=time.thread_time, number=times, repeat=5)) / times
