"""Lets only a few calls begin in one turn of the event loop, so that a rush of them does not hold up the streams."""

from __future__ import annotations

import asyncio
from collections import deque

AT_LEAST = 4
A_SECOND = 150
"""Beginning a call takes more than a millisecond: at this rate a rush has a fifth of a busy loop, streams the rest."""


class Turnstile:
    """First come, first served; costs nothing while there is no rush. The longer turns last, the more begin in one."""

    def __init__(self, *, at_least: int = AT_LEAST, a_second: float = A_SECOND) -> None:
        self._at_least = at_least
        self._a_second = a_second
        self._places = at_least
        self._turn_began: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Returns in this turn of the loop or, when enough have begun in it, in a later one."""
        loop = asyncio.get_running_loop()
        if self._turn_began is None:
            self._turn_began = loop.time()
            loop.call_soon(self._next_turn, loop)
        if self._places and not self._waiting:
            self._places -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        now, began = loop.time(), self._turn_began or loop.time()
        self._places = max(self._at_least, int((now - began) * self._a_second))
        while self._places and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._places -= 1
        self._turn_began = now if self._waiting else None
        if self._waiting:
            loop.call_soon(self._next_turn, loop)
        else:
            self._places = self._at_least
