"""A steady stream of requests, so many a second, whatever becomes of them; and who asks all the while how it goes."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.prove.conftest import MODELS

PATIENCE = aiohttp.ClientTimeout(total=30)


@dataclass
class Outcome:
    """`status` None: no answer at all. `began` on the monotonic clock, `seconds` to the end of the answer."""

    status: int | None
    seconds: float
    id: str | None
    began: float = 0.0


@dataclass
class Traffic:
    url: str
    key: str
    per_second: float = 50.0
    models: tuple[str, ...] = MODELS
    options: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        """Sends for `seconds`, then waits for what is still under way."""
        headers = {"authorization": f"Bearer {self.key}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=PATIENCE, headers=headers, connector=connector) as session:
            asked = []
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                asked.append(asyncio.create_task(self._ask(session)))
                await asyncio.sleep(1 / self.per_second)
            await asyncio.gather(*asked)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        body = {
            "model": random.choice(self.models),
            "stream": random.random() < 0.5,
            "messages": [{"role": "user", "content": "one two three four"}],
            **self.options,
        }
        began, status, name = time.monotonic(), None, None
        with suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(f"{self.url}/v1/chat/completions", json=body) as answer:
                name = answer.headers.get("x-request-id")
                await answer.read()
                status = answer.status
        self.outcomes.append(Outcome(status, time.monotonic() - began, name, began))


@dataclass
class Said:
    """What a page said at `at`, after so many seconds; None: nothing."""

    at: float
    seconds: float
    body: Any


async def listen(url: str, seconds: float, *, every: float = 0.2) -> list[Said]:
    """Asks a page that answers in JSON again and again."""
    heard: list[Said] = []
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began, body = time.monotonic(), None
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as answer:
                    body = await answer.json()
            heard.append(Said(began, time.monotonic() - began, body))
            await asyncio.sleep(every)
    return heard


def pause(seconds: float) -> None:
    """Real time must pass: other processes are at work."""
    threading.Event().wait(max(seconds, 0.0))


def percentile(outcomes: list[Outcome], share: float) -> float:
    """Of their seconds."""
    ranked = sorted(outcome.seconds for outcome in outcomes)
    return ranked[int(share * (len(ranked) - 1))]
