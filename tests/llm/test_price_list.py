from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from genai_prices import types
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot

from llm.models import SINCE_EVER, Provider, Route, RoutePrice
from llm.price_list import list_prices, renew
from tests.llm import rows

OCTOBER = datetime(2026, 10, 14, tzinfo=UTC)
Listed = types.ModelPrice | list[types.ConditionalPrice]
Shelf = Callable[..., Provider]


def price(plain: str, **others: str) -> types.ModelPrice:
    rates = {"input_mtok": plain, "output_mtok": plain, **others}
    return types.ModelPrice(**{name: Decimal(rate) for name, rate in rates.items()})


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
    assert found.rates == {
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
    assert [(row.valid_from, row.rates["input"]) for row in found] == [(SINCE_EVER, 1_000_000), (OCTOBER, 2_000_000)]


def test_a_batch_rate_begins_when_the_list_says_so(listed: Shelf) -> None:
    start = types.StartDateConstraint(date(2026, 10, 14))
    batch = types.PriceVariant(when={"processing": "batch"}, prices=price("0.5"), constraint=start)
    before, after = list_prices(listed(price("1"), batch), "m")
    assert before.rates["batch_input"] is None
    assert (after.rates["batch_input"], after.rates["input"]) == (500_000, 1_000_000)


def test_a_long_prompts_rate_is_left_out_and_said_so(listed: Shelf) -> None:
    tiered = types.TieredPrices(base=Decimal(1), tiers=[types.Tier(start=200_000, price=Decimal(2))])
    (found,) = list_prices(listed(types.ModelPrice(input_mtok=tiered, output_mtok=Decimal(4))), "m")
    assert found.rates["input"] == 1_000_000
    assert found.note == "Prompts over 200,000 tokens cost another rate."


def test_of_a_days_rates_the_dearest_is_taken_and_said_so(listed: Shelf) -> None:
    by_day = types.TimeOfDateConstraint(start_time=time(0, 30, tzinfo=UTC), end_time=time(16, 30, tzinfo=UTC))
    prices = [types.ConditionalPrice(prices=price("1")), types.ConditionalPrice(by_day, prices=price("3"))]
    (found,) = list_prices(listed(prices), "m")
    assert found.rates["input"] == 3_000_000
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
    assert newest.rates["input"]
    assert newest.rates["output"]


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
