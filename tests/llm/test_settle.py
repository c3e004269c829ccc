from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm.registry import Price, Rates
from llm.settle import note_answer
from llm.types import Choice, Completion, Usage
from tests.llm.doubles import EPOCH, PRICE, call, route


def settled(usage: Usage, price: Price | None) -> tuple[int | None, Any]:
    """Cost and kept rates of a call that ended well with that usage."""
    asked = call()
    asked.route = route(prices=() if price is None else (price,))
    asked.completion = Completion(usage=usage)
    note_answer(asked)
    return asked.record.cost, asked.record.price


def test_the_record_keeps_the_rates_that_were_charged() -> None:
    longer = replace(PRICE, long_prompts=(Rates(above=200_000, input=300_000, output=900_000, cached=150_000),))
    usage = Usage(prompt_tokens=200_001, completion_tokens=10, cached_tokens=1)
    cost, kept = settled(usage, longer)
    assert cost == 200_000 * 300_000 + 150_000 + 10 * 900_000
    assert kept == {"above": 200_000, "input": 300_000, "output": 900_000, "cached": 150_000, "cache_write": None}


def test_a_short_prompt_is_charged_and_recorded_by_the_plain_rates() -> None:
    cost, kept = settled(Usage(prompt_tokens=10, completion_tokens=5), PRICE)
    assert cost == 10 * 150_000 + 5 * 600_000
    assert kept == {"input": 150_000, "output": 600_000, "cached": 75_000, "cache_write": None}


def test_what_is_written_for_an_hour_costs_its_own() -> None:
    usage = Usage(prompt_tokens=10, cache_write_tokens=10, hour_write_tokens=4)
    cost, _ = settled(usage, replace(PRICE, cache_write=200_000))
    assert cost == 6 * 200_000 + 4 * 320_000


def test_of_a_stream_that_broke_off_the_prompt_is_the_vendors_count_and_the_answer_ours() -> None:
    asked = call()
    asked.completion = Completion([Choice("one two three")], Usage(50, 1, 51, cached_tokens=20, estimated=True))
    note_answer(asked)
    record = asked.record
    assert (record.prompt_tokens, record.completion_tokens, record.total_tokens) == (50, 3, 53)
    assert (record.cached_tokens, record.usage_estimated) == (20, True)


def test_without_a_price_in_force_cost_and_rates_are_unknown() -> None:
    usage = Usage(prompt_tokens=10, completion_tokens=5)
    assert settled(usage, None) == (None, None)
    assert settled(usage, replace(PRICE, valid_from=EPOCH.replace(year=2200))) == (None, None)
