from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.prices import cost, dollars, most, per_token
from llm.registry import Price, Rates
from llm.types import Usage

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FLAT = Price(valid_from=EPOCH, input=3_000_000, output=15_000_000, cached=300_000, cache_write=3_750_000)
LONG = Rates(above=200_000, input=6_000_000, output=22_500_000, cached=600_000, cache_write=7_500_000)
LONGER = Rates(above=500_000, input=9_000_000, output=30_000_000, cached=900_000, cache_write=11_250_000)
STEEP = replace(FLAT, long_prompts=(LONG, LONGER))

SHORT_PROMPT = Usage(prompt_tokens=1_000, cached_tokens=600, cache_write_tokens=100, completion_tokens=50)
SHORT_COST = 300 * 3_000_000 + 600 * 300_000 + 100 * 3_750_000 + 50 * 15_000_000

COUNTS = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "completion_tokens")
tokens = st.integers(0, 2_000_000)
usages = st.builds(Usage, **dict.fromkeys(COUNTS, tokens))


def test_each_kind_of_token_is_charged_once_at_its_own_rate() -> None:
    """900,000,000 + 180,000,000 + 375,000,000 + 750,000,000."""
    assert SHORT_COST == 2_205_000_000
    assert cost(SHORT_PROMPT, FLAT) == 2_205_000_000


def test_reasoning_is_part_of_the_answer_and_not_charged_again() -> None:
    assert cost(replace(SHORT_PROMPT, reasoning_tokens=40), FLAT) == SHORT_COST


def test_more_cached_tokens_than_prompt_never_bring_money_back() -> None:
    """Azure has reported such counts."""
    odd = Usage(prompt_tokens=100, cached_tokens=128)
    assert cost(odd, FLAT) == 128 * 300_000
    assert cost(replace(odd, cache_write_tokens=500), FLAT) == 128 * 300_000 + 500 * 3_750_000


@given(usages)
def test_no_usage_costs_less_than_nothing(usage: Usage) -> None:
    found = cost(usage, STEEP)
    assert found is not None
    assert found >= 0


class TestUnknownRates:
    def test_no_price_is_unknown_and_not_free(self) -> None:
        assert cost(SHORT_PROMPT, None) is None
        assert cost(Usage(), None) is None

    @pytest.mark.parametrize("price", [replace(FLAT, input=None), replace(FLAT, output=None)])
    def test_a_needed_rate_that_is_unknown_makes_the_cost_unknown(self, price: Price) -> None:
        assert cost(SHORT_PROMPT, price) is None

    def test_a_rate_that_nobody_needs_may_be_unknown(self) -> None:
        assert cost(Usage(prompt_tokens=10), replace(FLAT, output=None)) == 10 * 3_000_000

    def test_cached_and_written_tokens_fall_back_on_the_input_rate(self) -> None:
        bare = replace(FLAT, cached=None, cache_write=None)
        assert cost(SHORT_PROMPT, bare) == 1_000 * 3_000_000 + 50 * 15_000_000

    def test_free_is_not_unknown(self) -> None:
        free = Price(valid_from=EPOCH, input=0, output=0)
        assert cost(SHORT_PROMPT, free) == 0

    def test_a_rate_unknown_for_long_prompts_makes_their_cost_unknown(self) -> None:
        price = replace(FLAT, long_prompts=(replace(LONG, output=None),))
        assert cost(Usage(prompt_tokens=200_001, completion_tokens=1), price) is None
        assert cost(Usage(prompt_tokens=200_000, completion_tokens=1), price) is not None


class TestLongPrompts:
    def test_all_tokens_of_a_long_prompt_and_its_answer_pay_the_rate_of_its_length(self) -> None:
        """100,000 x 6 + 120,000 x 0.6 + 30,000 x 7.5 + 1,000 x 22.5 dollars per million: 0.9195 dollars."""
        usage = Usage(prompt_tokens=250_000, cached_tokens=120_000, cache_write_tokens=30_000, completion_tokens=1_000)
        assert cost(usage, STEEP) == 919_500_000_000
        assert dollars(cost(usage, STEEP)) == "0.9195"

    def test_the_threshold_itself_still_pays_the_rate_of_short_prompts(self) -> None:
        assert cost(Usage(prompt_tokens=200_000), STEEP) == 200_000 * 3_000_000
        assert cost(Usage(prompt_tokens=200_001), STEEP) == 200_001 * 6_000_000

    def test_cached_and_written_tokens_count_for_the_length(self) -> None:
        usage = Usage(prompt_tokens=200_001, cached_tokens=150_000, cache_write_tokens=50_000)
        assert cost(usage, STEEP) == 1 * 6_000_000 + 150_000 * 600_000 + 50_000 * 7_500_000

    def test_the_answer_does_not_count_for_the_length(self) -> None:
        usage = Usage(prompt_tokens=200_000, completion_tokens=100_000)
        assert cost(usage, STEEP) == 200_000 * 3_000_000 + 100_000 * 15_000_000

    def test_of_several_lengths_the_last_one_passed_counts(self) -> None:
        assert cost(Usage(prompt_tokens=500_000), STEEP) == 500_000 * 6_000_000
        assert cost(Usage(prompt_tokens=500_001), STEEP) == 500_001 * 9_000_000

    def test_a_short_prompt_pays_as_if_there_were_no_others(self) -> None:
        assert cost(SHORT_PROMPT, STEEP) == SHORT_COST

    def test_an_unknown_cached_rate_falls_back_on_the_input_rate_of_that_length(self) -> None:
        price = replace(FLAT, cached=None, long_prompts=(replace(LONG, cached=None),))
        assert cost(Usage(prompt_tokens=300_000, cached_tokens=300_000), price) == 300_000 * 6_000_000

    @given(usages, st.integers(1, 2_000_000))
    def test_equal_rates_cost_the_same_at_every_length(self, usage: Usage, above: int) -> None:
        same = Rates(
            above=above, input=FLAT.input, output=FLAT.output, cached=FLAT.cached, cache_write=FLAT.cache_write
        )
        assert cost(usage, replace(FLAT, long_prompts=(same,))) == cost(usage, FLAT)

    @given(st.sampled_from([(0, 200_000), (200_001, 500_000), (500_001, 2_000_000)]), st.data())
    def test_more_tokens_never_cost_less_within_a_length(self, bounds: tuple[int, int], data: st.DataObject) -> None:
        """Of a prompt's tokens some may be cached; one more of them, plain, is never cheaper."""
        fewer, more = sorted((data.draw(st.integers(*bounds)), data.draw(st.integers(*bounds))))
        cached, written = data.draw(st.integers(0, fewer)), data.draw(st.integers(0, fewer))
        usage = Usage(prompt_tokens=fewer, cached_tokens=cached, cache_write_tokens=min(written, fewer - cached))
        before = cost(usage, STEEP)
        after = cost(replace(usage, prompt_tokens=more, completion_tokens=data.draw(tokens)), STEEP)
        assert before is not None
        assert after is not None
        assert after >= before


class TestWhatTheRecordKeeps:
    def test_a_flat_price_keeps_its_four_rates(self) -> None:
        assert FLAT.rates(1_000_000) == {
            "input": 3_000_000,
            "output": 15_000_000,
            "cached": 300_000,
            "cache_write": 3_750_000,
        }

    def test_a_long_prompts_rates_name_the_length_they_begin_above(self) -> None:
        assert STEEP.rates(200_000) == FLAT.rates(0)
        assert STEEP.rates(200_001) == {
            "above": 200_000,
            "input": 6_000_000,
            "output": 22_500_000,
            "cached": 600_000,
            "cache_write": 7_500_000,
        }

    @given(usages)
    def test_the_cost_can_be_worked_out_again_from_it(self, usage: Usage) -> None:
        kept: dict[str, Any] = STEEP.rates(usage.prompt_tokens)
        assert cost(usage, Price(valid_from=EPOCH, **kept)) == cost(usage, STEEP)


@pytest.mark.parametrize(
    ("picodollars", "said"),
    [
        (None, None),
        (0, "0"),
        (1, "0.000000000001"),
        (6_000_000, "0.000006"),
        (919_500_000_000, "0.9195"),
        (10**12, "1"),
        (123 * 10**13, "1230"),
        (9_223_372_036_854_775_807, "9223372.036854775807"),
    ],
)
def test_dollars_are_exact_and_plain(picodollars: int | None, said: str | None) -> None:
    assert dollars(picodollars) == said


@given(st.integers(0, 2**63 - 1))
def test_no_picodollar_is_lost_on_the_way_to_dollars(picodollars: int) -> None:
    said = dollars(picodollars)
    assert said is not None
    assert Decimal(said) * 10**12 == picodollars
    assert "E" not in said


@pytest.mark.parametrize(
    ("dollars_per_million", "picodollars"),
    [("0", 0), ("0.15", 150_000), ("3", 3_000_000), ("0.000001", 1), ("0.0833333333333333", 83_333), ("1e1", 10**7)],
)
def test_a_price_per_million_becomes_whole_picodollars_per_token(dollars_per_million: str, picodollars: int) -> None:
    assert per_token(Decimal(dollars_per_million)) == picodollars


class TestMost:
    def test_the_dearest_thing_that_may_happen_to_a_prompt_is_reckoned_with(self) -> None:
        """Written for an hour: 8 fifths of 3.75 dollars a million."""
        assert most(1_000, 10, FLAT) == 1_000 * 6_000_000 + 10 * 15_000_000

    def test_the_rates_of_long_prompts_count_where_one_may_be_as_long(self) -> None:
        assert most(200_000, 10, STEEP) == most(200_000, 10, FLAT)
        assert most(200_001, 10, STEEP) == 200_001 * 12_000_000 + 10 * 22_500_000

    @pytest.mark.parametrize("price", [None, replace(FLAT, input=None), replace(FLAT, output=None)])
    def test_what_may_need_an_unknown_rate_is_unknown(self, price: Price | None) -> None:
        assert most(1, 1, price) is None

    def test_what_is_not_there_needs_no_rate(self) -> None:
        assert most(0, 10, replace(FLAT, input=None)) == 10 * 15_000_000

    def test_a_free_prompt_leaves_the_bound_exact(self) -> None:
        free = Price(valid_from=EPOCH, input=0, output=1_000, cached=0)
        assert most(10**6, 50, free) == cost(Usage(prompt_tokens=3, completion_tokens=50), free) == 50_000

    @given(tokens, tokens, st.data())
    def test_it_is_never_under_the_truth(self, prompt: int, completion: int, data: st.DataObject) -> None:
        told = data.draw(st.integers(0, prompt))
        cached = data.draw(st.integers(0, told))
        written = data.draw(st.integers(0, told - cached))
        usage = Usage(
            prompt_tokens=told,
            cached_tokens=cached,
            cache_write_tokens=written,
            hour_write_tokens=data.draw(st.integers(0, written)),
            completion_tokens=data.draw(st.integers(0, completion)),
        )
        for price in (FLAT, STEEP, replace(STEEP, cache_write=None), replace(FLAT, cached=None)):
            found, bound = cost(usage, price), most(prompt, completion, price)
            assert found is not None
            assert bound is not None
            assert found <= bound
