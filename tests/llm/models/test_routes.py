from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError

from llm.models import RATES, RoutePrice
from llm.models.routes import HIGHEST_RATE
from tests.llm import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def price() -> RoutePrice:
    return rows.model("gpt-4o", rows.provider()).routes.get().prices.get()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("value", [-1, HIGHEST_RATE + 1])
def test_a_price_outside_its_bounds_is_refused_by_form_and_database(price: RoutePrice, rate: str, value: int) -> None:
    setattr(price, rate, value)
    with pytest.raises(ValidationError) as refused:
        price.full_clean()
    assert rate in refused.value.message_dict
    with pytest.raises(IntegrityError):
        price.save()


def test_a_price_over_a_thousand_is_doubtful(price: RoutePrice) -> None:
    price.output = 1_000_000_000
    assert price.doubtful() == []
    price.output += 1
    assert price.doubtful() == ["output"]


def test_an_unknown_rate_stays_unknown(price: RoutePrice) -> None:
    price.refresh_from_db()
    assert price.cached is None


def test_a_provider_with_routes_cannot_go(price: RoutePrice) -> None:
    with pytest.raises(ProtectedError):
        price.route.provider.delete()
