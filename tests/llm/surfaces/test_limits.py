"""Limits over the wire: what callers are told, and how calls wait for their turn at a provider, on real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest

from llm.vault import new_key
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, question
from tests.llm.surfaces.registry import KEYS
from tests.llm.surfaces.wire import dial, leave
from tests.serving import serving
from tests.upstream import Upstream

OWN = {name: new_key() for name in ("rare", "team-mate", "member", "frugal", "single", "cached")}
QUEUE = 2


def registry(base_url: str) -> dict[str, Any]:
    vendor = {"kind": "openai", "base_url": base_url, "api_key": "sk-fake", "retries": 0}
    narrow, counted = ("gpt-4o-mini", "gate-first", "gate", "slow-first-100ms"), ("words-20",)
    return {
        "providers": [
            {"name": "wide", **vendor},
            {"name": "narrow", **vendor, "max_concurrency": 1, "interactive_share": 0},
            {"name": "counted", **vendor, "requests_per_minute": 1},
            {"name": "terse", **vendor, "tokens_per_minute": 100},
        ],
        "models": [
            {"name": "plain", "routes": [{"provider": "wide", "upstream_model": "words-20"}]},
            {"name": "short", "routes": [{"provider": "terse", "upstream_model": "words-20"}]},
            {"name": "held", "routes": [{"provider": "wide", "upstream_model": "gate"}]},
            *({"name": name, "routes": [{"provider": "narrow", "upstream_model": name}]} for name in narrow),
            *({"name": name, "routes": [{"provider": "counted", "upstream_model": name}]} for name in counted),
            {
                "name": "two-doors",
                "routes": [
                    {"provider": "wide", "upstream_model": "gpt-4o-mini", "requests_per_minute": 1},
                    {"provider": "wide", "upstream_model": "words-20", "order": 2},
                ],
            },
        ],
        "organisations": [
            {"name": "acme", "teams": ["web", {"name": "small", "requests_per_minute": 1}]},
            {"name": "tiny", "requests_per_minute": 1},
        ],
        "keys": [
            {"name": "main", "organisation": "acme", "team": "web", "key": KEYS["main"]},
            {"name": "rare", "organisation": "acme", "key": OWN["rare"], "requests_per_minute": 1},
            {"name": "team-mate", "organisation": "acme", "team": "small", "key": OWN["team-mate"]},
            {"name": "member", "organisation": "tiny", "key": OWN["member"], "requests_per_minute": 50},
            {"name": "frugal", "organisation": "acme", "key": OWN["frugal"], "tokens_per_minute": 700},
            {"name": "single", "organisation": "acme", "key": OWN["single"], "max_concurrency": 1},
            {"name": "cached", "organisation": "acme", "key": OWN["cached"], "requests_per_minute": 2},
        ],
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("limits")
    with Upstream() as vendor, serving(folder, PROVIDER_QUEUE=str(QUEUE)) as installed:
        installed.apply(registry(vendor.base_url))
        installed.start()
        with httpx2.Client(timeout=30) as client:
            yield House(installed, vendor, client)


def ask(house: House, key: str, path: str = NATIVE, model: str = "plain", **more: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {OWN[key]}"}
    return house.client.post(f"{house.url}{path}", json=question(model, **more), headers=headers)


class Asking:
    """A request under way in a thread of its own."""

    def __init__(self, house: House, model: str, priority: str = "normal") -> None:
        self.house, self.body = house, question(model, metadata={"priority": priority})
        self.answer: httpx2.Response | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        headers = {"authorization": f"Bearer {KEYS['main']}"}
        self.answer = httpx2.post(f"{self.house.url}{NATIVE}", json=self.body, headers=headers, timeout=30)

    def end(self) -> httpx2.Response:
        self._thread.join(30)
        assert self.answer is not None
        return self.answer


@pytest.mark.parametrize(("key", "scope"), [("rare", "key"), ("team-mate", "team"), ("member", "organisation")])
def test_the_limit_that_refuses_is_named_with_its_scope(house: House, key: str, scope: str) -> None:
    first, second = ask(house, key), ask(house, key)
    assert (first.status_code, second.status_code) == (200, 429)
    for answer in (first, second):
        assert answer.headers["x-ratelimit-limit-requests"] == "1"
        assert answer.headers["anthropic-ratelimit-requests-remaining"] == "0"
    error = second.json()["error"]
    assert (error["code"], error["type"]) == ("rate_limited", "rate_limited")
    assert (error["limit"]["name"], error["limit"]["scope"]) == ("requests_per_minute", scope)
    assert (error["limit"]["used"], error["limit"]["max"]) == (1, 1)
    assert error["limit"]["resets_at"]
    assert 1 <= int(second.headers["retry-after"]) <= 61
    row = house.row(second.json()["error"]["request_id"])
    assert (row["status"], row["limit_scope"], row["limit_name"]) == ("refused", scope, "requests_per_minute")


@pytest.mark.parametrize("path", [NATIVE, OPENAI])
def test_a_call_that_was_never_counted_is_told_what_is_left_too(house: House, path: str) -> None:
    for _ in range(2):
        refused = ask(house, "frugal", path, model="nobody")
        assert refused.status_code == 404
        assert (refused.headers["x-ratelimit-limit-tokens"], refused.headers["x-ratelimit-remaining-tokens"]) == (
            "700",
            "700",
        )
        assert refused.headers["x-ratelimit-reset-tokens"] == "0ms"


def test_tokens_are_settled_to_what_was_used(house: House) -> None:
    """Each takes hundreds at first, and uses about thirty."""
    for _ in range(3):
        answer = ask(house, "frugal", model="plain", options={"max_tokens": 500})
        assert answer.status_code == 200
    assert int(answer.headers["x-ratelimit-remaining-tokens"]) < 200
    refused = ask(house, "frugal", path=ANTHROPIC, max_tokens=690)
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert refused.json()["error"]["limit"]["name"] == "tokens_per_minute"
    assert int(refused.headers["anthropic-ratelimit-tokens-limit"]) == 700


def test_hits_of_the_cache_count_as_requests(house: House) -> None:
    answers = [ask(house, "cached", cache={"mode": "on"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-gatehouse-cache"] for answer in answers[:2]] == ["miss", "hit"]


def test_a_client_that_leaves_in_mid_answer_frees_its_place(house: House) -> None:
    headers = {"authorization": f"Bearer {OWN['single']}"}
    with house.client.stream(
        "POST", f"{house.url}{OPENAI}", json=question("held", stream=True), headers=headers
    ) as answer:
        assert answer.status_code == 200
        refused = ask(house, "single")
        assert refused.json()["error"]["limit"]["name"] == "max_concurrency"
    deadline = time.monotonic() + 5
    while (again := ask(house, "single")).status_code != 200:
        assert time.monotonic() < deadline
    assert again.status_code == 200


def test_the_status_of_a_provider_tells_what_is_left(house: House) -> None:
    headers = {"authorization": f"Bearer {KEYS['main']}"}

    def told() -> Any:
        status = house.client.get(f"{house.url}/api/v1/providers/counted/status/", headers=headers)
        return status.json()["rate_limit"]

    before = told()
    assert (before["limit"], before["remaining"]) == (1, 1)
    assert house.ask(NATIVE, "words-20").status_code == 200
    after = told()
    assert (after["limit"], after["remaining"]) == (1, 0)
    assert after["reset"] > before["reset"]


def test_where_no_turn_can_ever_come_nobody_is_told_to_try_again(house: House) -> None:
    refused = house.ask(NATIVE, "short", "word " * 200)
    assert refused.json()["error"]["limit"]["name"] == "tokens_per_minute"
    assert (refused.headers.get("retry-after"), refused.headers["x-should-retry"]) == (None, "false")


def test_a_route_whose_line_is_full_gives_way_to_the_next(house: House) -> None:
    assert house.ask(NATIVE, "two-doors").json()["upstream_model"] == "gpt-4o-mini"
    lines = [dial(house, NATIVE, question("two-doors", f"waiter {number}")) for number in range(QUEUE)]
    wait_for(lambda: in_flight(house) == QUEUE)
    answer = house.ask(NATIVE, "two-doors").json()
    assert answer["upstream_model"] == "words-20"
    assert [attempt["outcome"] for attempt in answer["metadata"]["attempts"]] == ["skipped", "ok"]
    for line in lines:
        line.close()
    wait_for(lambda: in_flight(house) == 0)


@pytest.mark.alone
def test_a_waiting_client_that_leaves_frees_its_place_in_the_line(house: House) -> None:
    """Its vendor never hears of it."""
    before = house.vendor.models["gpt-4o-mini"]
    holding = Asking(house, "gate-first")
    house.vendor.wait_for(lambda: house.vendor.models["gate-first"] == 1)
    lines = [dial(house, NATIVE, question("gpt-4o-mini", f"leaver {number}")) for number in range(QUEUE)]
    wait_for(lambda: in_flight(house) == 1 + QUEUE)
    refused = house.ask(NATIVE, "gpt-4o-mini")
    assert "x-should-retry" not in refused.headers
    full = refused.json()["error"]
    assert (full["code"], full["source"]) == ("provider_busy", "gateway")
    assert full["limit"]["scope"] == "provider"
    assert (full["limit"]["name"], full["limit"]["max"]) == ("max_concurrency", 1)
    for line in lines:
        with closing(line):
            leave(line, "reset")
    wait_for(lambda: in_flight(house) == 1)
    patient = Asking(house, "gpt-4o-mini")
    wait_for(lambda: in_flight(house) == 2)
    assert patient.answer is None
    house.vendor.release()
    assert (holding.end().status_code, patient.end().status_code) == (200, 200)
    house.vendor.hold()
    assert house.vendor.models["gpt-4o-mini"] == before + 1
    left = [row for row in house.serving.rows() if row["status"] == "cancelled" and row["model"] == "gpt-4o-mini"]
    assert len(left) == QUEUE
    assert all(row["queue_ms"] > 0 and row["provider"] is None and row["cost"] == 0 for row in left)
    waited = house.row(patient.end().json()["id"])
    assert waited["queue_ms"] > 0
    assert waited["attempts"][0]["queue_ms"] == pytest.approx(waited["queue_ms"], abs=5)
    assert waited["overhead_ms"] < 200


def in_flight(house: House) -> int:
    headers = {"authorization": f"Bearer {KEYS['main']}"}
    return len(house.client.get(f"{house.url}/api/v1/requests/active/", headers=headers).json()["results"])


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
