"""Lets only a few calls begin in one turn of the event loop, so that a rush of them does not hold up the streams."""

from __future__ import annotations

import asyncio
from collections import deque

EACH_TURN = 4


class Turnstile:
    """First come, first served; costs nothing while there is no rush."""

    def __init__(self, each_turn: int = EACH_TURN) -> None:
        self._each_turn = each_turn
        self._entered = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Returns in this turn of the loop or, when enough have begun in it, in a later one."""
        if self._entered < self._each_turn and not self._waiting:
            self._count()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _count(self) -> None:
        if not self._entered:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._entered += 1

    def _next_turn(self) -> None:
        self._entered = 0
        while self._waiting and self._entered < self._each_turn:
            turn = self._waiting.popleft()
            if not turn.done():
                self._count()
                turn.set_result(None)
