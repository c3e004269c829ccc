"""Answers in the making in this process, for whoever wants to hear them from their beginning."""

from __future__ import annotations

import asyncio
from uuid import UUID

from llm.fold import Fold
from llm.types import Choice, Events, EventStream


class Live:
    """Keeps what has been said until the answer is over; how many listen, and how slowly, is nothing to the teller."""

    def __init__(self) -> None:
        self._batches: list[Events] = []
        self._fold = Fold()
        self._folded = 0
        self._ended = False
        self._news = asyncio.Event()

    def add(self, events: Events) -> None:
        self._batches.append(events)
        self._tell()

    def end(self) -> None:
        self._ended = True
        self._tell()

    async def follow(self) -> EventStream:
        told = 0
        while True:
            while told < len(self._batches):
                yield self._batches[told]
                told += 1
            if self._ended:
                return
            await self._news.wait()

    @property
    def choice(self) -> Choice:
        """What has been said so far."""
        for events in self._batches[self._folded :]:
            self._fold.add(events)
        self._folded = len(self._batches)
        return next(iter(self._fold.completion.choices), Choice())

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


LIVE: dict[UUID, Live] = {}
"""By the id of the answer."""
