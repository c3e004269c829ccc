"""The providers over the wire: who they are, whether they answer, and nothing that is secret."""

from __future__ import annotations

from typing import Any

from tests.llm.surfaces.house import NATIVE, House
from tests.llm.surfaces.registry import KEYS, PROVIDERS

ADDRESS = "/api/v1/providers/"


def get(house: House, path: str = "", key: str = "main") -> Any:
    return house.client.get(f"{house.url}{ADDRESS}{path}", headers={"x-api-key": KEYS[key]})


def test_all_are_told_with_what_the_key_may_use_of_them(house: House) -> None:
    told = {one["name"]: one for one in get(house, key="picky").json()["results"]}

    assert set(told) >= {*PROVIDERS, "echo"}
    assert told["wordy"]["features"] == {"streaming": True, "tools": False, "images": False, "caching": True}
    assert (told["fake"]["kind"], told["fake"]["default_model"]) == ("openai", None)
    assert "words-20" in told["fake"]["models"]
    assert "reasoning" not in told["fake"]["models"]
    assert get(house, "fake/", "picky").json() == told["fake"]


def test_neither_address_nor_credentials_are_told(house: House) -> None:
    for path in ("", "fake/", "fake/status/"):
        text = get(house, path).text
        assert "127.0.0.1" not in text
        assert "sk-" not in text


def test_one_that_answers_is_valid(house: House) -> None:
    told = get(house, "fake/status/").json()

    assert (told["provider"], told["is_valid"], told["error"]) == ("fake", True, None)
    assert told["checked_at"]
    assert set(told) == {"provider", "is_valid", "rate_limit", "circuit", "circuits", "checked_at", "error"}


def test_a_route_that_is_left_alone_is_told_with_the_reason(house: House) -> None:
    assert house.ask(NATIVE, "full").status_code == 429

    told = get(house, "wordy/status/").json()
    assert told["circuit"] == "open"
    (circuit,) = told["circuits"]
    assert (circuit["upstream_model"], circuit["state"]) == ("status-429+retry-after-30", "open")
    assert circuit["why"] == "provider_rate_limited: the vendor asks for a pause of 30 s"
    assert circuit["since"] < circuit["until"]


def test_one_that_does_not_is_told_with_the_reason(house: House) -> None:
    answer = get(house, "gone/status/")

    assert (answer.status_code, answer.json()["is_valid"]) == (200, False)
    assert answer.json()["error"]["code"] == "provider_unreachable"


def test_the_vendor_is_asked_once_a_minute(house: House) -> None:
    before = sum(one.path.endswith("/models") for one in house.vendor.requests)
    told = [get(house, "spare/status/").json()["checked_at"] for _ in range(5)]

    assert len(set(told)) == 1
    assert sum(one.path.endswith("/models") for one in house.vendor.requests) - before == 1


def test_any_key_may_ask(house: House) -> None:
    assert get(house, "fake/status/", "unscoped").status_code == 200


def test_an_unknown_one_is_a_404_with_near_names(house: House) -> None:
    for path in ("fak/", "fak/status/"):
        error = get(house, path).json()["error"]
        assert (error["code"], error["hint"]) == ("provider_not_found", "Did you mean fake?")
