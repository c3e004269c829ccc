"""The one bridge from sync code to the async core: a thread with an event loop of its own, which keeps its gateway and
its connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class Bridge:
    """An event loop in a thread, for as long as the process lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._begun: set[Future[None]] = set()
        threading.Thread(target=self._loop.run_forever, name="gatehouse-bridge", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Whoever is interrupted while waiting, by a worker's time limit say, takes the work with it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Nobody waits for it: it sees to its own failures, and ends with the process."""
        begun = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._begun.add(begun)  # a loop alone does not keep its tasks alive
        begun.add_done_callback(self._begun.discard)


@cache
def bridge() -> Bridge:
    return Bridge()
