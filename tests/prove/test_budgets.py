"""Two hundred calls of five cents at once against a dollar: twenty are answered, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest
import redis

from llm import periods
from llm.call import public_id
from llm.vault import new_key
from tests.llm.own_redis import OwnRedis
from tests.prove.conftest import Vendor, wait_until
from tests.serving import Serving

pytestmark = pytest.mark.prove

CALLS, ANSWERED = 200, 20
DOLLAR = 10**12
MODELS = {"quick": "words-50", "slow": "words-50+gap-300ms"}
"""Fifty words for five cents, which is also the most that they may cost."""
ZONE = "Asia/Kathmandu"


@dataclass
class Ends:
    """How each call ended: `answered`, `refused`, or `lost` with the process that had it."""

    counted: Counter[str] = field(default_factory=Counter)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def note(self, status: int, error: dict[str, Any] | None) -> None:
        self.counted["answered" if error is None else "refused" if status == 429 else f"error {status}"] += 1
        if error is not None:
            self.refusals.append(error)


class Bank:
    """Processes that share a database, and a key with a dollar for this month."""

    def __init__(self, folder: Path, vendor: Vendor, processes: int, **environment: str) -> None:
        self.key = new_key()
        self.doors = [Serving(folder, **environment) for _ in range(processes)]
        for number, door in enumerate(self.doors):
            door.log = folder / f"serve-{number}.log"
        self.doors[0].apply(
            {
                "providers": [
                    {"name": "fake", "kind": "openai", "base_url": vendor.base_url, "api_key": "sk-fake", "retries": 0}
                ],
                "models": [
                    {
                        "name": name,
                        "routes": [
                            {
                                "provider": "fake",
                                "upstream_model": upstream,
                                "input_price": "0",
                                "output_price": "1000",
                                "cached_price": "0",
                            }
                        ],
                    }
                    for name, upstream in MODELS.items()
                ],
                "organisations": [{"name": "acme", "time_zone": ZONE}],
                "keys": [
                    {
                        "name": "tests",
                        "organisation": "acme",
                        "key": self.key,
                        "budgets": [{"scope": "key", "amount": "1.00", "period": "month"}],
                    }
                ],
            }
        )
        for door in self.doors:
            door.start()
            httpx2.post(f"{door.url}/api/v1/generate/", headers={"authorization": f"Bearer {self.key}"}, timeout=60)

    async def besiege(self, model: str, calls: int = CALLS, processes: int = 2) -> Ends:
        """All calls at once: JSON, server-sent events and sockets in turn, at each of the last processes in turn."""
        ends = Ends()
        timeout, connector = aiohttp.ClientTimeout(total=90), aiohttp.TCPConnector(limit=0)
        headers = {"authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, headers=headers) as session:
            ways = (self._json, self._events, self._socket)
            urls = [door.url for door in self.doors[-processes:]]
            asked = (
                self._noted(ways[number % 3], session, urls[number % len(urls)], model, ends) for number in range(calls)
            )
            await asyncio.gather(*asked)
        return ends

    async def _noted(self, way: Any, session: aiohttp.ClientSession, url: str, model: str, ends: Ends) -> None:
        asked = {
            "model": model,
            "messages": [{"role": "user", "content": "Count to fifty"}],
            "options": {"max_tokens": 50},
        }
        try:
            ends.note(*await way(session, url, asked))
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            ends.counted["lost"] += 1

    async def _json(self, session: aiohttp.ClientSession, url: str, asked: dict[str, Any]) -> tuple[int, Any]:
        async with session.post(f"{url}/api/v1/generate/", json=asked) as answer:
            told = await answer.json()
            return answer.status, told.get("error")

    async def _events(self, session: aiohttp.ClientSession, url: str, asked: dict[str, Any]) -> tuple[int, Any]:
        async with session.post(f"{url}/api/v1/generate/", json={**asked, "stream": True}) as answer:
            if answer.status != 200:
                return answer.status, (await answer.json())["error"]
            text = await answer.text()
            if "event: done" not in text:
                raise ConnectionError("it broke off")
            return 200, None

    async def _socket(self, session: aiohttp.ClientSession, url: str, asked: dict[str, Any]) -> tuple[int, Any]:
        async with session.ws_connect(f"{url}/ws/v1/generate/") as socket:
            await socket.send_json({"type": "generate", "id": "c1", "request": asked})
            async for message in socket:
                told = json.loads(message.data)
                if told["type"] == "done":
                    return 200, None
                if told["type"] == "error":
                    return 429 if told["error"]["code"] == "insufficient_quota" else 500, told["error"]
            raise ConnectionError("it was closed")

    @property
    def money(self) -> tuple[int, int]:
        """(spent, reserved) in picodollars."""
        (window,) = self.doors[0].rows("llm_budgetwindow")
        return window["spent"], window["reserved"]

    def at_work(self, served: list[str]) -> int:
        """Calls for which a vendor works, with the money set aside."""
        return sum(public_id(row["call"]) in served for row in self.doors[0].rows("llm_reservation"))

    @property
    def nothing_is_reserved(self) -> bool:
        return self.money[1] == 0 and not self.doors[0].rows("llm_reservation")

    @property
    def cost(self) -> int:
        return sum(row["cost"] or 0 for row in self.doors[0].rows())

    def close(self) -> None:
        for door in self.doors:
            if door.process is not None and door.process.poll() is None:
                door.stop()


@pytest.fixture
def opened(tmp_path: Path, vendor: Vendor) -> Iterator[Callable[..., Bank]]:
    with ExitStack() as stack:

        def open_bank(processes: int, **environment: str) -> Bank:
            made = Bank(tmp_path / "var", vendor, processes, **environment)
            stack.callback(made.close)
            return made

        yield open_bank


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.kill()


def assert_spent_to_the_last_cent(bank: Bank, ends: Ends) -> None:
    print(dict(ends.counted), bank.money)
    assert ends.counted == {"answered": ANSWERED, "refused": CALLS - ANSWERED}
    wait_until(lambda: bank.nothing_is_reserved, 5)
    assert bank.money == (DOLLAR, 0)
    assert bank.cost == DOLLAR
    wait_until(lambda: sum(row["requests"] for row in bank.doors[0].rows()) == CALLS, 5)
    window = periods.window("month", datetime.now(UTC), ZONE)
    assert window.ends_at is not None
    for error in ends.refusals:
        assert error["limit"]["resets_at"] == window.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert error["hint"] == f"The budget {periods.resets(window.ends_at, ZONE)}."


def test_twenty_at_two_processes_on_postgres(
    opened: Callable[..., Bank], migrated_postgres: str, own_redis: OwnRedis
) -> None:
    bank = opened(2, DATABASE_URL=migrated_postgres, REDIS_URL=own_redis.url)
    assert_spent_to_the_last_cent(bank, asyncio.run(bank.besiege("quick")))


def test_twenty_at_one_process_on_sqlite(opened: Callable[..., Bank]) -> None:
    bank = opened(1)
    assert_spent_to_the_last_cent(bank, asyncio.run(bank.besiege("quick")))


def test_redis_has_no_say_in_money(opened: Callable[..., Bank], migrated_postgres: str, own_redis: OwnRedis) -> None:
    bank = opened(2, DATABASE_URL=migrated_postgres, REDIS_URL=own_redis.url)

    async def flush() -> None:
        while True:
            await asyncio.to_thread(redis.Redis.from_url(own_redis.url).flushall)
            await asyncio.sleep(0.1)

    async def siege() -> Ends:
        flushing = asyncio.create_task(flush())
        ends = await bank.besiege("slow")
        flushing.cancel()
        return ends

    assert_spent_to_the_last_cent(bank, asyncio.run(siege()))


def test_a_process_that_is_killed_leaves_nothing_set_aside(
    opened: Callable[..., Bank], vendor: Vendor, migrated_postgres: str, own_redis: OwnRedis
) -> None:
    bank = opened(2, DATABASE_URL=migrated_postgres, REDIS_URL=own_redis.url)

    async def siege() -> Counter[str]:
        """The second process dies while a vendor is at work for both. Of its first five three are streams, and last."""
        vanguard = asyncio.create_task(bank.besiege("slow", 5, processes=1))
        await asyncio.to_thread(wait_until, lambda: bank.at_work(vendor.served()) >= 3, 60)
        rest = asyncio.create_task(bank.besiege("slow", CALLS - 5))
        await asyncio.to_thread(wait_until, lambda: bank.at_work(vendor.served()) >= 6, 60)
        bank.doors[1].stop(signal.SIGKILL)
        return (await vanguard).counted + (await rest).counted

    counted = asyncio.run(siege())
    assert set(counted) == {"answered", "refused", "lost"}
    wait_until(lambda: bank.nothing_is_reserved, 30)
    spent, _ = bank.money
    assert spent == bank.cost <= DOLLAR
    assert spent >= counted["answered"] * DOLLAR // ANSWERED
    statuses = Counter(row["status"] for row in bank.doors[0].rows())
    print(dict(counted), dict(statuses), spent / DOLLAR)
    assert statuses["interrupted"] > 0
