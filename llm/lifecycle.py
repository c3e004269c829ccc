"""The life of this process around its requests: whether it is draining, what starts with it and what ends with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from llm.errors import GoingAway

logger = logging.getLogger(__name__)

Hook = Callable[[], Awaitable[None]]
HOOK_SECONDS = 10.0
DRAIN = "gatehouse.drain"
"""What an open socket's application receives from our server, beside ASGI's own messages, when it is time to end."""


class Lifecycle:
    """`draining` turns true at the first signal to stop and never back: `/readyz` is red from then on. `cutting` turns
    true when the grace time is over: whatever is cancelled then was cut by us, and no client has left.

    `undertaken` is what goes on without a client; it has the grace time too.
    """

    def __init__(self) -> None:
        self.draining = self.cutting = False
        self.undertaken: set[asyncio.Task[None]] = set()
        self._opening: list[Hook] = []
        self._closing: list[Hook] = []

    def on_startup(self, hook: Hook) -> Hook:
        """Runs `hook` before the first request; if it fails, the process does not start."""
        self._opening.append(hook)
        return hook

    def on_shutdown(self, hook: Hook) -> Hook:
        """Runs `hook` once after the last answer; the last one named goes first."""
        self._closing.append(hook)
        return hook

    def undertake(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """`work` goes on whoever leaves."""
        task = asyncio.get_running_loop().create_task(work)
        self.undertaken.add(task)
        task.add_done_callback(self.undertaken.discard)
        return task

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Around what speaks with a client: cut by us it raises GoingAway, and can still say so."""
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self.cutting or task is None:
                raise
            task.uncancel()
            raise GoingAway from None

    async def startup(self) -> None:
        for hook in self._opening:
            await hook()

    async def shutdown(self) -> None:
        """No hook's failure, nor its taking too long, keeps the next one from its turn."""
        while self._closing:
            hook = self._closing.pop()
            try:
                async with asyncio.timeout(HOOK_SECONDS):
                    await hook()
            except Exception:  # the process ends either way; what matters is that the others end well
                logger.exception("Closing %s failed", getattr(hook, "__qualname__", hook))


lifecycle = Lifecycle()
