from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import types
from genai_prices.data_snapshot import DataSnapshot, get_snapshot, set_custom_snapshot

from llm.models import SINCE_EVER, LongPromptPrice, Provider, Route, RoutePrice
from llm.price_list import LISTED, list_prices, renew
from llm.prices import cost, dollars
from llm.registry import Price, ProviderSpec, Rates, RouteSpec
from llm.types import Usage
from tests.llm import rows

OCTOBER = datetime(2026, 10, 14, tzinfo=UTC)
Listed = types.ModelPrice | list[types.ConditionalPrice]
Shelf = Callable[..., Provider]


def price(plain: str, **others: str) -> types.ModelPrice:
    rates = {"input_mtok": plain, "output_mtok": plain, **others}
    return types.ModelPrice(**{name: Decimal(rate) for name, rate in rates.items()})


def tier(start: int, rate: str) -> types.Tier:
    return types.Tier(start=start, price=Decimal(rate))


def tiered(base: str, longer: tuple[int, str], **others: str) -> types.ModelPrice:
    flat = {name: Decimal(rate) for name, rate in {"output_mtok": base, **others}.items()}
    return types.ModelPrice(input_mtok=types.TieredPrices(base=Decimal(base), tiers=[tier(*longer)]), **flat)


@pytest.fixture
def listed() -> Iterator[Shelf]:
    """Puts one model `m` with these prices on OpenAI's list and gives a provider to ask it for."""

    def put(prices: Listed, *variants: types.PriceVariant) -> Provider:
        match = types.ClauseEquals(equals="m")
        model = types.ModelInfo(id="m", match=match, prices=prices, price_variants=list(variants) or None)
        vendor = types.Provider(id="openai", name="OpenAI", api_pattern="https://api.openai.com", models=[model])
        set_custom_snapshot(DataSnapshot(providers=[vendor], from_auto_update=False))
        return Provider(name="openai", kind="openai")

    yield put
    set_custom_snapshot(None)


def test_every_rate_that_the_list_has_is_taken(listed: Shelf) -> None:
    provider = listed(price("0.15", output_mtok="0.60", cache_read_mtok="0.075", cache_write_mtok="0.2"))
    (found,) = list_prices(provider, "m")
    assert found.valid_from == SINCE_EVER
    assert found.tiers[0] == {
        "input": 150_000,
        "output": 600_000,
        "cached": 75_000,
        "cache_write": 200_000,
        "batch_input": None,
        "batch_output": None,
    }


def test_a_dated_price_becomes_a_row_from_that_day_on(listed: Shelf) -> None:
    later = types.ConditionalPrice(types.StartDateConstraint(date(2026, 10, 14)), prices=price("2"))
    found = list_prices(listed([types.ConditionalPrice(prices=price("1")), later]), "m")
    assert [(row.valid_from, row.tiers[0]["input"]) for row in found] == [(SINCE_EVER, 1_000_000), (OCTOBER, 2_000_000)]


def test_a_batch_rate_begins_when_the_list_says_so(listed: Shelf) -> None:
    start = types.StartDateConstraint(date(2026, 10, 14))
    batch = types.PriceVariant(when={"processing": "batch"}, prices=price("0.5"), constraint=start)
    before, after = list_prices(listed(price("1"), batch), "m")
    assert before.tiers[0]["batch_input"] is None
    assert (after.tiers[0]["batch_input"], after.tiers[0]["input"]) == (500_000, 1_000_000)


class TestLongPrompts:
    def test_their_rates_are_taken_with_the_length_they_begin_above(self, listed: Shelf) -> None:
        (found,) = list_prices(listed(tiered("1", (200_000, "2"), output_mtok="4")), "m")
        assert list(found.tiers) == [0, 200_000]
        assert [rates["input"] for rates in found.tiers.values()] == [1_000_000, 2_000_000]
        assert [rates["output"] for rates in found.tiers.values()] == [4_000_000, 4_000_000]
        assert found.note == ""

    def test_rates_may_begin_at_lengths_of_their_own(self, listed: Shelf) -> None:
        inputs = types.TieredPrices(base=Decimal(1), tiers=[tier(32_000, "2"), tier(128_000, "3")])
        outputs = types.TieredPrices(base=Decimal(5), tiers=[tier(64_000, "6")])
        (found,) = list_prices(listed(types.ModelPrice(input_mtok=inputs, output_mtok=outputs)), "m")
        rates = {above: (rates["input"], rates["output"]) for above, rates in found.tiers.items()}
        assert rates == {
            0: (1_000_000, 5_000_000),
            32_000: (2_000_000, 5_000_000),
            64_000: (2_000_000, 6_000_000),
            128_000: (3_000_000, 6_000_000),
        }

    def test_batch_rates_have_lengths_too(self, listed: Shelf) -> None:
        batch = types.PriceVariant(when={"processing": "batch"}, prices=tiered("0.5", (200_000, "0.8")))
        (found,) = list_prices(listed(price("1"), batch), "m")
        assert [rates["batch_input"] for rates in found.tiers.values()] == [500_000, 800_000]
        assert [rates["input"] for rates in found.tiers.values()] == [1_000_000, 1_000_000]

    def test_a_tier_from_the_first_token_on_is_every_prompts(self, listed: Shelf) -> None:
        (found,) = list_prices(listed(tiered("1", (0, "2"))), "m")
        assert list(found.tiers) == [0]
        assert found.tiers[0]["input"] == 2_000_000

    def test_a_day_on_which_they_alone_change_is_a_change(self, listed: Shelf) -> None:
        later = types.ConditionalPrice(types.StartDateConstraint(date(2026, 10, 14)), prices=tiered("1", (9, "2")))
        found = list_prices(listed([types.ConditionalPrice(prices=tiered("1", (9, "3"))), later]), "m")
        assert [(row.valid_from, row.tiers[9]["input"]) for row in found] == [
            (SINCE_EVER, 3_000_000),
            (OCTOBER, 2_000_000),
        ]


def test_of_a_days_rates_the_dearest_is_taken_and_said_so(listed: Shelf) -> None:
    by_day = types.TimeOfDateConstraint(start_time=time(0, 30, tzinfo=UTC), end_time=time(16, 30, tzinfo=UTC))
    prices = [types.ConditionalPrice(prices=price("1")), types.ConditionalPrice(by_day, prices=price("3"))]
    (found,) = list_prices(listed(prices), "m")
    assert found.tiers[0]["input"] == 3_000_000
    assert found.note == "The dearest rate of the day."


def test_an_unknown_model_has_no_price_rather_than_none(listed: Shelf) -> None:
    provider = listed(price("1"))
    assert list_prices(provider, "another") == []
    assert list_prices(Provider(name="local", kind="ollama"), "m") == []
    assert list_prices(listed(types.ModelPrice()), "m") == []


def test_a_compatible_vendor_is_found_by_its_address(listed: Shelf) -> None:
    listed(price("1"))
    known = Provider(name="x", kind="compatible", base_url="https://api.openai.com/v1")
    assert len(list_prices(known, "m")) == 1
    assert list_prices(Provider(name="x", kind="compatible", base_url="https://elsewhere.example/v1"), "m") == []


@pytest.mark.parametrize(
    ("kind", "model"), [("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash")]
)
def test_the_real_list_knows_the_great_vendors(kind: str, model: str) -> None:
    newest = list_prices(Provider(name=kind, kind=kind), model)[-1]
    assert newest.tiers[0]["input"]
    assert newest.tiers[0]["output"]


def sold() -> Iterator[tuple[str, types.ModelInfo]]:
    """Every listed model of ours with rates for long prompts, and its vendor's name."""
    for vendor in get_snapshot().providers:
        for model in vendor.models:
            if vendor.id in LISTED and "TieredPrices" in repr(model.prices):
                yield vendor.id, model


LENGTHS = (32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 1_000_000)


@pytest.mark.parametrize("length", [length + more for length in LENGTHS for more in (0, 1)])
def test_a_long_prompt_costs_what_the_lists_own_sums_say(length: int) -> None:
    """The package works a price out by itself, too slowly for a request; over all tiered models ours is the same."""
    counts = {"cache_read_tokens": 20_000, "cache_write_tokens": 1_000, "output_tokens": 500}
    theirs = types.Usage(input_tokens=length, **counts)
    ours = Usage(prompt_tokens=length, cached_tokens=20_000, cache_write_tokens=1_000, completion_tokens=500)
    compared = list(sold())
    for vendor, model in compared:
        route = RouteSpec(1, ProviderSpec(1, vendor, vendor), model.id, prices=prices_of(vendor, model.id))
        total = model.get_prices(OCTOBER).calc_price(theirs)["total_price"]
        assert dollars(cost(ours, route.price_at(OCTOBER))) == f"{total.normalize():f}", model.id
    assert len(compared) > 50


def prices_of(vendor: str, model: str) -> tuple[Price, ...]:
    """As they would come back from the database."""
    return tuple(
        Price(
            valid_from=found.valid_from,
            long_prompts=tuple(Rates(above=above, **rates) for above, rates in found.tiers.items() if above),
            **dict[str, Any](found.tiers[0]),
        )
        for found in list_prices(Provider(name=vendor, kind=vendor), model)
    )


@pytest.mark.django_db
class TestRenew:
    @pytest.fixture
    def route(self, listed: Shelf) -> Route:
        later = types.ConditionalPrice(types.StartDateConstraint(date(2026, 10, 14)), prices=price("2"))
        listed([types.ConditionalPrice(prices=price("1")), later])
        model = rows.model("m", rows.provider())
        RoutePrice.objects.all().delete()
        return model.routes.get()

    def starts(self, route: Route, source: str = "list") -> list[datetime]:
        return list(route.prices.filter(source=source).values_list("valid_from", flat=True))

    def test_it_writes_the_lists_rows_and_then_has_nothing_to_do(self, route: Route) -> None:
        assert renew(route)
        assert self.starts(route) == [SINCE_EVER, OCTOBER]
        assert not renew(route)

    def test_own_prices_end_the_lists_from_their_day_on(self, route: Route) -> None:
        june = datetime(2026, 6, 1, tzinfo=UTC)
        renew(route)
        RoutePrice.objects.create(route=route, valid_from=june, input=7)
        assert renew(route)
        assert self.starts(route) == [SINCE_EVER]
        assert self.starts(route, "override") == [june]

    def test_another_model_upstream_loses_the_former_ones_price(self, route: Route) -> None:
        renew(route)
        route.upstream_model = "unlisted"
        assert renew(route)
        assert not route.prices.exists()

    def test_long_prompts_are_written_renewed_and_taken_away(self, listed: Shelf, route: Route) -> None:
        def longer() -> list[tuple[int, int | None]]:
            return list(LongPromptPrice.objects.values_list("above", "input"))

        for prices, expected in (
            (tiered("1", (200_000, "2")), [(200_000, 2_000_000)]),
            (tiered("1", (200_000, "3")), [(200_000, 3_000_000)]),
            (tiered("1", (100_000, "3")), [(100_000, 3_000_000)]),
            (price("1"), []),
        ):
            listed(prices)
            assert renew(route)
            assert longer() == expected
            assert not renew(route)

    def test_what_it_writes_would_be_accepted_from_a_person(self, listed: Shelf, route: Route) -> None:
        listed(tiered("1", (200_000, "2"), cache_read_mtok="0.1"))
        renew(route)
        LongPromptPrice.objects.get().full_clean()
