"""Many clients at once, over connections of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS


@dataclass(frozen=True, slots=True)
class Heard:
    """`cache` is what the answer's header says of it."""

    status: int
    cache: str
    json: dict[str, Any]


async def flood(
    houses: Sequence[House], path: str, body: dict[str, Any], number: int, *, key: str = "main"
) -> list[Heard]:
    """The same question, put `number` times at once, to each house in turn."""
    headers = {"authorization": f"Bearer {KEYS[key]}"}
    timeout, connector = aiohttp.ClientTimeout(total=120), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session:
        asking = (ask(session, f"{houses[at % len(houses)].url}{path}", body) for at in range(number))
        return await asyncio.gather(*asking)


async def ask(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> Heard:
    async with session.post(url, json=body) as answer:
        return Heard(answer.status, answer.headers.get("x-gatehouse-cache", ""), json.loads(await answer.read()))
