from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.record_page import bill
from llm import prices
from llm.registry import Price, Rates
from llm.types import Usage
from tests.analytics.logbook import NOON, row

RATES: dict[str, Any] = {"input": 150_000, "output": 600_000, "cached": 75_000, "cache_write": 187_500}
rate = st.none() | st.integers(0, 10**10)
tokens = st.integers(0, 10**7)


def shown(**said: Any) -> list[tuple[str, int, str, str]]:
    return [(line.name, line.tokens, line.rate_shown, line.amount_shown) for line in bill.lines(row(NOON, **said))]


def test_every_kind_of_token_has_its_line_and_its_rate() -> None:
    used = {"prompt_tokens": 100, "cached_tokens": 30, "cache_write_tokens": 20, "completion_tokens": 10}
    assert shown(price=RATES, **used) == [
        ("Prompt", 50, "0.15 USD", "0.0000075 USD"),
        ("Prompt, read from the vendor's cache", 30, "0.075 USD", "0.00000225 USD"),
        ("Prompt, written into the vendor's cache", 20, "0.1875 USD", "0.00000375 USD"),
        ("Completion", 10, "0.6 USD", "0.000006 USD"),
    ]


def test_cached_tokens_without_a_rate_of_their_own_pay_the_plain_one() -> None:
    plain = {"input": 150_000, "output": 600_000, "cached": None, "cache_write": None}
    assert shown(price=plain, prompt_tokens=10, cached_tokens=10) == [
        ("Prompt, read from the vendor's cache", 10, "0.15 USD", "0.0000015 USD")
    ]


def test_what_was_paid_beside_the_answer_has_a_line_of_its_own() -> None:
    """Of an answer in two parts the row counts both; of a lost race it counts the answer alone."""
    known = {"provider": "openai", "upstream_model": "m-1"}
    broken = known | {"outcome": "error", "prompt_tokens": 20, "completion_tokens": 4, "cost": 5_400_000}
    lost = known | {"outcome": "lost", "prompt_tokens": 10, "completion_tokens": 0, "cost": None}
    assert shown(price=RATES, prompt_tokens=50, completion_tokens=10, attempts=[broken, lost]) == [
        ("Prompt", 30, "0.15 USD", "0.0000045 USD"),
        ("Completion", 6, "0.6 USD", "0.0000036 USD"),
        ("Broke off, and was continued: openai, m-1", 24, "-", "0.0000054 USD"),
        ("Asked beside, and given up: openai, m-1", 10, "-", "-"),
    ]


@given(st.tuples(tokens, tokens, tokens, tokens), st.tuples(rate, rate, rate, rate), st.integers(0, 10**6))
def test_the_lines_come_to_the_cost_to_the_last_picodollar(
    used: tuple[int, int, int, int], rates: tuple[int | None, ...], above: int
) -> None:
    """As the gateway charges and writes it, long prompts included."""
    prompt, cached, written, completion = used
    usage = Usage(
        prompt_tokens=prompt + cached + written,
        cached_tokens=cached,
        cache_write_tokens=written,
        completion_tokens=completion,
        total_tokens=sum(used),
    )
    named = dict(zip(RATES, rates, strict=True))
    price = Price(valid_from=NOON, **RATES, long_prompts=(Rates(above=above, **named),))
    told = row(NOON, cost=prices.cost(usage, price), price=price.rates(usage.prompt_tokens), **fields(usage))

    amounts = [line.amount for line in bill.lines(told)]

    assert told.cost == (None if None in amounts else sum(amount or 0 for amount in amounts))
    assert "another sum" not in " ".join(bill.notes(told))


def fields(usage: Usage) -> dict[str, int]:
    return {name: getattr(usage, name) for name in bill.USAGE}


def test_an_unknown_rate_is_a_dash_and_is_said() -> None:
    told = row(NOON, cost=None, price={"input": 150_000, "output": None}, prompt_tokens=2, completion_tokens=2)

    assert [line.amount_shown for line in bill.lines(told)] == ["0.0000003 USD", "-"]
    assert bill.in_dollars(told.cost) == "-"
    assert "The price is unknown" in bill.notes(told)[0]


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ({"cost": 0, "cache": "hit", "saved": 5}, "Answered from our cache"),
        ({"cost": 0, "attempts": []}, "no provider was asked"),
        ({"cost": 0, "attempts": [{"outcome": "error"}]}, "no answer was paid for"),
        ({"cost": None, "status": "interrupted"}, "The process ended in the middle"),
        ({"cost": 7, "price": RATES, "prompt_tokens": 1}, "another sum"),
        ({"cost": 150_000, "price": RATES | {"above": 200_000}, "prompt_tokens": 1}, "longer than 200,000 tokens"),
        ({"cost": 150_000, "price": RATES, "prompt_tokens": 1, "usage_estimated": True}, "our estimate"),
        ({"cost": 150_000, "price": RATES, "prompt_tokens": 1, "reasoning_tokens": 3}, "3 tokens of the completion"),
    ],
)
def test_what_the_figures_do_not_tell_is_said(said: dict[str, Any], note: str) -> None:
    assert note in " ".join(bill.notes(row(NOON, **said)))


def test_rates_of_another_version_are_read_as_far_as_they_are_known() -> None:
    assert shown(price=RATES | {"per_image": 4}, prompt_tokens=1) == [("Prompt", 1, "0.15 USD", "0.00000015 USD")]
