"""Two tries at one call: where the first is slower than usual a second goes elsewhere, and the first content wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from llm.call import Call, Clock
from llm.routing.tries import Try
from llm.types import Events, EventStream


@dataclass(slots=True, frozen=True)
class Race:
    """`delay` in seconds; `second` makes the other try, or none; `won` is told whose content came first."""

    call: Call
    clock: Clock
    delay: float
    second: Callable[[Try], Awaitable[Try | None]]
    won: Callable[[Try], None]

    async def run(self, first: Try) -> EventStream:
        began, waited = self.clock.monotonic(), self.call.waited
        runners = [Runner(first)]
        winner = runners[0]
        try:
            if await runners[0].is_slow(self.delay) and (other := await self.second(first)) is not None:
                runners.append(Runner(other))
                winner = await _winner(runners)
                await _close(runners, winner)
                winner.trial.answers(waited + self.clock.monotonic() - began)
                self.won(winner.trial)
            async with aclosing(winner.rest()) as batches:
                async for events in batches:
                    yield events
        finally:
            await _close(runners, winner)
            await winner.close()


class Runner:
    """A try, on its way to its first content in a task of its own."""

    def __init__(self, trial: Try) -> None:
        self.trial = trial
        self._stream = trial.stream()
        self.first = asyncio.create_task(self._begin())

    @property
    def has_failed(self) -> bool:
        return self.first.done() and (self.first.cancelled() or self.first.exception() is not None)

    async def is_slow(self, delay: float) -> bool:
        await asyncio.wait([self.first], timeout=delay)
        return not self.first.done()

    async def rest(self) -> EventStream:
        await asyncio.wait([self.first])
        if events := self.first.result():
            yield events
        async for events in self._stream:
            yield events

    async def lose(self) -> None:
        """Cancelled; what the vendor had to do until then is paid for."""
        self.trial.is_lost = True
        await self.close()
        if self.trial.has_departed:
            self.trial.pay()

    async def close(self) -> None:
        self.first.cancel()
        await asyncio.wait([self.first])
        await self._stream.aclose()

    async def _begin(self) -> Events | None:
        return await anext(self._stream, None)


async def _winner(runners: list[Runner]) -> Runner:
    """The first to have content; where all have failed, the first of them."""
    while running := [runner for runner in runners if not runner.first.done()]:
        if found := [runner for runner in runners if runner.first.done() and not runner.has_failed]:
            return found[0]
        await asyncio.wait([runner.first for runner in running], return_when=asyncio.FIRST_COMPLETED)
    return next((runner for runner in runners if not runner.has_failed), runners[0])


async def _close(runners: list[Runner], winner: Runner) -> None:
    """All but the winner, of whom the record speaks from now on."""
    while others := [runner for runner in runners if runner is not winner]:
        runners.remove(others[0])
        if others[0].has_failed:
            await others[0].close()
        else:
            await others[0].lose()
        if winner.trial.has_departed:
            winner.trial.answers()
