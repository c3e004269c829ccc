"""A steady stream of requests, so many a second, whatever becomes of them."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import aiohttp

from tests.prove.conftest import MODELS


@dataclass
class Outcome:
    """`status` None: no answer at all. `seconds` to the end of the answer."""

    status: int | None
    seconds: float
    id: str | None


@dataclass
class Traffic:
    url: str
    key: str
    per_second: float = 50.0
    models: tuple[str, ...] = MODELS
    outcomes: list[Outcome] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        """Sends for `seconds`, then waits for what is still under way."""
        timeout = aiohttp.ClientTimeout(total=30)
        headers = {"authorization": f"Bearer {self.key}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, headers=headers, connector=connector) as session:
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
        }
        began, status, name = time.monotonic(), None, None
        try:
            async with session.post(f"{self.url}/v1/chat/completions", json=body) as answer:
                name = answer.headers.get("x-request-id")
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.outcomes.append(Outcome(status, time.monotonic() - began, name))
