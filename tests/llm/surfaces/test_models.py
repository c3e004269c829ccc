"""The models over the wire: what is told of each, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.llm.surfaces.house import NATIVE, House
from tests.llm.surfaces.registry import KEYS, MODELS, SPECIAL

ADDRESS = "/api/v1/models/"


def get(house: House, path: str = "", key: str = "main") -> Any:
    return house.client.get(f"{house.url}{ADDRESS}{path}", headers={"x-api-key": KEYS[key]})


def test_all_that_the_key_may_use_are_told_by_name(house: House) -> None:
    told = [model["name"] for model in get(house).json()["results"]]

    assert told == sorted(told)
    assert set(told) >= {*MODELS, *(model["name"] for model in SPECIAL)}
    narrow = [model["name"] for model in get(house, key="picky").json()["results"]]
    assert [name for name in narrow if not name.startswith("gpt-4o")] == ["words-20"]


def test_everything_is_told_of_a_model_by_name_or_alias(house: House) -> None:
    told = get(house, "gpt-4o-mini/").json()

    assert get(house, "small/").json()["name"] == "gpt-4o-mini"
    prices: dict[str, Any] = {
        "currency": "USD",
        "input": "0.15",
        "output": "0.6",
        "cached": "0.075",
        "cache_write": None,
        "batch_input": None,
        "batch_output": None,
        "long_prompts": [],
    }
    assert {**told, "latency": None} == {
        "name": "gpt-4o-mini",
        "aliases": ["small"],
        "context_window": 128_000,
        "max_output_tokens": 16_384,
        "training_cutoff": None,
        "capabilities": ["streaming", "tools", "vision"],
        "quality": None,
        "caching": True,
        "prices": prices,
        "routes": [
            {"provider": "fake", "upstream_model": "gpt-4o-mini", "order": 1, "weight": 1, "prices": prices},
        ],
        "fallbacks": [],
        "retirement": None,
        "latency": None,
    }


def test_an_unknown_price_is_null_and_never_nought(house: House) -> None:
    told = get(house, "unpriced/").json()

    assert (told["prices"], told["routes"][0]["prices"]) == (None, None)


def test_routes_stand_with_their_order_and_fallbacks_only_as_far_as_they_may_be_used(house: House) -> None:
    own = {"name": "with-ways", "fallbacks": ["words-20", "tool"]}
    routes = [{"provider": name, "upstream_model": "m", "order": order} for order, name in ((2, "fake"), (1, "spare"))]
    key = {"name": "ways", "organisation": "acme", "key": "gh_" + "w" * 43, "models": ["w*"]}
    house.serving.apply({"models": [{**own, "routes": routes}], "keys": [key]})

    told = house.client.get(f"{house.url}{ADDRESS}with-ways/", headers={"x-api-key": "gh_" + "w" * 43}).json()

    assert sorted((route["order"], route["provider"]) for route in told["routes"]) == [(1, "spare"), (2, "fake")]
    assert told["fallbacks"] == ["words-20"]


def test_retirement_and_long_prompts_are_told(house: House) -> None:
    today = datetime.now(UTC).date()
    long_prompts = [{"above": 200_000, "input_price": "6", "output_price": "22.5"}]
    priced = {"provider": "fake", "upstream_model": "m", "input_price": "3", "output_price": "15"}
    house.serving.apply(
        {
            "models": [
                {
                    "name": f"old-{name}",
                    "retires_on": str(today + timedelta(days=days)),
                    "successor": "gpt-4o-mini",
                    "routes": [{**priced, "long_prompts": long_prompts}],
                }
                for name, days in (("gone", 0), ("going", 1))
            ]
        }
    )

    gone, going = get(house, "old-gone/").json(), get(house, "old-going/").json()

    assert (gone["retirement"]["retired"], going["retirement"]["retired"]) == (True, False)
    assert going["retirement"]["successor"] == "gpt-4o-mini"
    (longer,) = gone["prices"]["long_prompts"]
    assert (longer["above"], longer["input"], longer["output"]) == (200_000, "6", "22.5")


def test_latency_is_that_of_the_keys_own_requests(house: House) -> None:
    for _ in range(3):
        house.row(house.ask(NATIVE, "words-20", key="watched", stream=True).headers["x-request-id"])

    told = get(house, "words-20/", "watched").json()["latency"]

    assert told["requests"] == 3
    assert 0 < told["first_token"]["p50_ms"] <= told["first_token"]["p95_ms"]
    assert told["first_token"]["p95_ms"] <= told["total"]["p95_ms"]
    assert get(house, "words-20/", "unwatched").json()["latency"] is None


def test_an_unknown_model_is_a_404_with_the_nearest_names_this_key_may_use(house: House) -> None:
    missed, forbidden = get(house, "wordz-20/", "picky"), get(house, "reasoning/", "picky")

    assert (missed.status_code, missed.json()["error"]["code"]) == (404, "model_not_found")
    assert missed.json()["error"]["hint"] == "Did you mean words-20?"
    assert (forbidden.status_code, forbidden.json()["error"]["code"]) == (404, "model_not_found")
