"""Token counts and cost estimates over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from tests.llm.surfaces.house import House

COUNT, COST = "/api/v1/tokens/count/", "/api/v1/cost/estimate/"
HELLO = [{"role": "user", "content": "Hello, world!"}]
IMAGE = [{"role": "user", "content": [{"type": "image", "image": "https://a.example/b.png"}]}]


def told(house: House, path: str, **asked: Any) -> Any:
    answer = house.post(path, asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("asked", "count", "method"),
    [
        ({"model": "gpt-4o-mini", "text": "Hello, world!"}, 4, "exact"),
        ({"model": "small", "messages": HELLO}, 11, "exact"),
        ({"model": "small", "text": ""}, 0, "exact"),
        ({"model": "words-20", "text": "three little words"}, 3, "estimate"),
        ({"model": "words", "text": "three little words"}, 3, "provider"),
        ({"model": "small", "messages": IMAGE}, 1452, "estimate"),
    ],
)
def test_a_count_says_how_it_is_known(house: House, asked: dict[str, Any], count: int, method: str) -> None:
    answer = told(house, COUNT, **asked)

    assert (answer["count"], answer["method"]) == (count, method)


def test_it_fits_with_its_answer_or_it_does_not(house: House) -> None:
    narrow = {"model": "narrow", "text": "word " * 150}

    assert told(house, COUNT, **narrow)["fits"] is True
    assert told(house, COUNT, **narrow, max=51)["fits"] is False
    assert told(house, COUNT, model="words-20", text="a")["fits"] is None


def test_a_cost_is_that_of_the_price_in_force(house: House) -> None:
    assert told(house, COST, model="gpt-4o-mini", prompt_tokens=1_000_000, max_tokens=10_000) == {
        "cost": "0.156",
        "currency": "USD",
        "prompt_tokens": 1_000_000,
        "completion_tokens": 10_000,
    }
    counted = told(house, COST, model="gpt-4o-mini", messages=HELLO, max_tokens=1)
    assert (counted["prompt_tokens"], counted["cost"]) == (11, "0.00000225")


def test_without_a_bound_the_answer_is_as_long_as_a_request_would_allow(house: House) -> None:
    assert told(house, COST, model="gpt-4o-mini", prompt_tokens=0)["completion_tokens"] == 1024
    assert told(house, COST, model="narrow", prompt_tokens=0)["completion_tokens"] == 50


def test_an_unknown_price_makes_an_unknown_cost(house: House) -> None:
    assert told(house, COST, model="unpriced", prompt_tokens=5)["cost"] is None


@pytest.mark.parametrize(
    ("path", "asked", "status", "param"),
    [
        (COUNT, {"model": "small"}, 422, "messages"),
        (COUNT, {"model": "small", "messages": []}, 422, "messages"),
        (COUNT, {"model": "small", "text": "a", "messages": HELLO}, 422, "text"),
        (COUNT, {"text": "a"}, 422, "model"),
        (COUNT, {"model": "smal", "text": "a"}, 404, "model"),
        (COUNT, {"model": "small", "text": 1}, 422, "text"),
        (COUNT, {"model": "small", "text": "a", "max": 0}, 422, "max"),
        (COUNT, {"model": "small", "text": "a", "tools": []}, 422, "tools"),
        (COUNT, {"model": "small", "messages": [{"role": "user"}]}, 422, "messages[0].content"),
        (COUNT, {"model": "small", "messages": [{"role": "user", "content": "a", "x": 1}]}, 422, "messages[0].x"),
        (COST, {"model": "small"}, 422, "messages"),
        (COST, {"model": "small", "prompt_tokens": 1, "messages": HELLO}, 422, "prompt_tokens"),
        (COST, {"model": "small", "prompt_tokens": -1}, 422, "prompt_tokens"),
        (COST, {"model": "narrow", "prompt_tokens": 1, "max_tokens": 51}, 422, "max_tokens"),
        (COST, {"model": "smal", "prompt_tokens": 1}, 404, "model"),
        (COST, {"model": "small", "prompt_tokens": 1, "currency": "EUR"}, 422, "currency"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(
    house: House, path: str, asked: dict[str, Any], status: int, param: str
) -> None:
    answer = house.post(path, asked)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


@pytest.mark.parametrize("path", [COUNT, COST])
def test_who_may_not_generate_may_not_ask_what_it_would_be(house: House, path: str) -> None:
    refused = house.post(path, {"model": "small", "text": "a"}, key="unscoped")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    foreign = house.post(path, {"model": "reasoning", "messages": HELLO}, key="picky")
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "model_not_allowed")
