"""The calls in flight over the wire: of two processes, and of nobody else."""

from __future__ import annotations

import copy
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from llm.active import VANISHES
from llm.call import Caller
from llm.surfaces.active import may_see
from tests.llm.own_redis import OwnRedis
from tests.llm.surfaces.house import NATIVE, House, question
from tests.llm.surfaces.registry import KEYS
from tests.services import free_port, wait_until
from tests.serving import serving
from tests.upstream import Upstream

ADDRESS = "/api/v1/requests/active/"


def seen(house: House, key: str = KEYS["main"]) -> Any:
    answer = house.client.get(f"{house.url}{ADDRESS}", headers={"x-api-key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def waiting(house: House) -> Iterator[str]:
    """The user of a call that has begun to answer and waits at the vendor's gate."""
    user = f"u-{uuid4()}"
    asked = question("gate", stream=True, metadata={"user_id": user})

    def ask() -> None:
        with httpx2.Client(timeout=60) as client:
            client.post(f"{house.url}{NATIVE}", headers={"x-api-key": KEYS["main"]}, json=asked)

    house.vendor.hold()
    thread = threading.Thread(target=ask)
    thread.start()
    assert wait_until(lambda: any(call["first_token_seen"] for call in mine(house, user)))
    yield user
    house.vendor.release()
    thread.join()
    house.vendor.hold()


def mine(house: House, user: str, key: str = KEYS["main"]) -> list[dict[str, Any]]:
    return [call for call in seen(house, key)["results"] if call["user_id"] == user]


def test_a_call_is_told_while_it_lasts(house: House, waiting: str) -> None:
    (call,) = mine(house, waiting)

    assert call["id"].startswith("gen_")
    assert call["age_ms"] >= 0
    assert {name: call[name] for name in ("key", "model", "provider", "surface", "streamed")} == {
        "key": "main",
        "model": "gate",
        "provider": "fake",
        "surface": "sse",
        "streamed": True,
    }
    house.vendor.release()
    assert wait_until(lambda: mine(house, waiting) == [])
    assert house.row(call["id"])["status"] == "ok"


def test_another_keys_calls_are_not(house: House, waiting: str) -> None:
    assert mine(house, waiting, KEYS["other"]) == []


def test_without_redis_only_this_process_is_seen_and_the_answer_says_so(house: House) -> None:
    assert seen(house)["complete"] is False


def test_a_key_without_the_scope_is_refused_and_so_is_what_it_cannot_ask(house: House) -> None:
    refused = house.client.get(f"{house.url}{ADDRESS}", headers={"x-api-key": KEYS["unscoped"]})
    unknown = house.client.get(f"{house.url}{ADDRESS}?model=x", headers={"x-api-key": KEYS["main"]})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (422, "model")


def test_processes_see_one_another_until_they_are_killed(
    tmp_path: Path, vendor: Upstream, start_redis: Callable[..., OwnRedis]
) -> None:
    with serving(tmp_path, REDIS_URL=start_redis().url) as installed, httpx2.Client(timeout=20) as client:
        key = {"x-api-key": installed.register(vendor.base_url, ["gate"])}
        other = copy.copy(installed)
        other.port = free_port()
        other.url = f"http://127.0.0.1:{other.port}"
        installed.start()
        other.start()
        vendor.hold()

        def there() -> Any:
            return client.get(f"{other.url}{ADDRESS}", headers=key).json()

        with client.stream(
            "POST", f"{installed.url}{NATIVE}", headers=key, json=question("gate", stream=True)
        ) as answer:
            assert wait_until(lambda: len(there()["results"]) == 1)
            assert there()["results"][0]["id"] == answer.headers["x-request-id"]
            assert there()["complete"] is True
            assert installed.stop(signal.SIGKILL) != 0
        assert wait_until(lambda: there()["results"] == [], VANISHES + 5)
        other.stop()


@pytest.mark.parametrize(
    ("fields", "call", "sees"),
    [
        ({}, {}, True),
        ({}, {"key_id": 2}, False),
        ({"scopes": frozenset({"organisation"})}, {"key_id": 2}, True),
        ({"scopes": frozenset({"organisation"})}, {"organisation_id": 2}, False),
        ({"scopes": frozenset({"organisation"}), "user_id": "u-2"}, {}, False),
        ({"user_id": "u-1"}, {}, True),
        ({"user_id": "u-1"}, {"user_id": None}, False),
    ],
)
def test_who_sees_a_call(fields: dict[str, Any], call: dict[str, Any], sees: bool) -> None:
    caller = Caller(**{"key_id": 1, "key_name": "a", "organisation_id": 1, "organisation": "acme", **fields})

    assert may_see(caller, {"organisation_id": 1, "key_id": 1, "user_id": "u-1", **call}) is sees
