"""A try that is cancelled at any instant gives its connection back or closes it: the pool stays whole."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from llm.providers.openai import OpenAIProvider
from tests.llm.providers.asking import ask, openai_provider, upstream_call
from tests.upstream import Upstream

TRIES = 500
LONGEST = 0.3
MODELS = ("stall-first", "slow-first-100ms", "gate-body", "stall-mid", "words-2000+gap-5ms", "drip", "gpt-4o-mini")


def pool(provider: OpenAIProvider) -> Any:
    """aiohttp's connector, which httpx's transport hides."""
    return provider._transport._http._transport.client._connector  # type: ignore[attr-defined]  # nobody else tells


@pytest.mark.alone
async def test_five_hundred_cancelled_tries_leave_the_pool_whole(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        places = asyncio.Semaphore(100)

        async def cancelled() -> None:
            call = upstream_call(random.choice(MODELS), stream=random.random() < 0.5)
            async with places:
                task = asyncio.create_task(ask(provider, call))
                await asyncio.sleep(random.random() * LONGEST)
                task.cancel()
                await asyncio.wait([task])

        await asyncio.gather(*(cancelled() for _ in range(TRIES)))
        connector = pool(provider)
        assert not connector._acquired
        assert not connector._acquired_per_host
        assert not any(connector._waiters.values())
        answers = await asyncio.gather(*(ask(provider, upstream_call("gpt-4o-mini")) for _ in range(20)))
        assert {answer.choices[0].text for answer in answers} == {"one two three"}
        assert not connector._acquired
        await upstream.until(lambda: upstream.tally.stats()["open"] == 0, 5)
        assert upstream.open_sockets <= 20 + sum(map(len, connector._conns.values()))
