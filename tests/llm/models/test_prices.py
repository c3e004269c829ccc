from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from llm.models import RATES, LongPromptPrice, RoutePrice
from llm.models.prices import HIGHEST_RATE, Rated
from tests.llm import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def price() -> RoutePrice:
    return rows.model("gpt-4o", rows.provider()).routes.get().prices.get()


@pytest.fixture
def longer(price: RoutePrice) -> LongPromptPrice:
    return LongPromptPrice.objects.create(price=price, above=200_000, input=2_000_000)


@pytest.fixture(params=["price", "longer"])
def rated(request: pytest.FixtureRequest) -> Rated:
    row: Rated = request.getfixturevalue(request.param)
    return row


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("value", [-1, HIGHEST_RATE + 1])
def test_a_price_outside_its_bounds_is_refused_by_form_and_database(rated: Rated, rate: str, value: int) -> None:
    setattr(rated, rate, value)
    with pytest.raises(ValidationError) as refused:
        rated.full_clean()
    assert rate in refused.value.message_dict
    with pytest.raises(IntegrityError):
        rated.save()


def test_a_price_over_a_thousand_is_doubtful(rated: Rated) -> None:
    rated.output = 1_000_000_000
    assert rated.doubtful() == []
    rated.output += 1
    assert rated.doubtful() == ["output"]


def test_an_unknown_rate_stays_unknown(rated: Rated) -> None:
    rated.refresh_from_db()
    assert rated.cached is None


class TestLongPrompts:
    def said(self, longer: LongPromptPrice) -> dict[str, list[str]]:
        with pytest.raises(ValidationError) as refused:
            longer.full_clean()
        return refused.value.message_dict

    def test_a_price_has_its_rates_by_length(self, price: RoutePrice, longer: LongPromptPrice) -> None:
        LongPromptPrice.objects.create(price=price, above=100_000, input=1_500_000)
        assert list(price.tiers) == [0, 100_000, 200_000]
        assert [rates["input"] for rates in price.tiers.values()] == [1_000_000, 1_500_000, 2_000_000]

    def test_every_prompt_is_no_long_prompt(self, longer: LongPromptPrice) -> None:
        longer.above = 0
        assert self.said(longer)["above"] == ["Must be 1 or more."]
        with pytest.raises(IntegrityError):
            longer.save()

    def test_a_length_stands_once_for_a_price(self, longer: LongPromptPrice) -> None:
        longer.pk = None
        longer._state.adding = True
        assert "already exists" in str(self.said(longer))
        with pytest.raises(IntegrityError):
            longer.save()

    def test_a_rate_that_short_prompts_lack_is_refused(self, longer: LongPromptPrice) -> None:
        longer.cached = longer.batch_input = 1
        assert self.said(longer)["__all__"] == ["Rates of shorter prompts too: cached, batch_input."]

    def test_no_rate_at_all_is_refused(self, longer: LongPromptPrice) -> None:
        longer.input = None
        assert "At least one rate" in self.said(longer)["__all__"][0]

    def test_free_for_short_prompts_is_a_rate_too(self, price: RoutePrice, longer: LongPromptPrice) -> None:
        price.input = 0
        price.save()
        LongPromptPrice.objects.get().full_clean()
