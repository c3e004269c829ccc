from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from llm.models import RoutePrice
from llm.models.money import DollarsField, PicodollarField, dollars, picodollars

MILLION = 1_000_000


@pytest.mark.parametrize("amount", ["0", "0.15", "0.000001", "10000", "2.5"])
def test_dollars_per_million_come_back_as_they_went_in(amount: str) -> None:
    assert dollars(picodollars(Decimal(amount), per=MILLION), per=MILLION) == Decimal(amount)


def test_a_rate_is_whole_picodollars_a_token() -> None:
    assert picodollars(Decimal("0.15"), per=MILLION) == 150_000


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.0000001", "6 decimal places"),
        ("1e-999999", "6 decimal places"),
        ("NaN", "sum of money"),
        ("-Infinity", "sum of money"),
        ("1e999999", "sum of money"),
    ],
)
def test_what_is_no_sum_or_not_whole_is_refused(amount: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        picodollars(Decimal(amount), per=MILLION)


def test_dollars_have_neither_exponent_nor_trailing_zeros() -> None:
    assert str(dollars(10_000 * MILLION, per=MILLION)) == "10000"
    assert str(dollars(1_500_000_000_000)) == "1.5"


def test_the_form_of_a_rate_speaks_dollars() -> None:
    field = RoutePrice._meta.get_field("input")
    assert isinstance(field, PicodollarField)
    form = field.formfield()
    assert isinstance(form, DollarsField)
    assert form.prepare_value(150_000) == Decimal("0.15")
    assert form.clean("0.15") == 150_000
    assert form.clean("") is None
    assert not form.has_changed(150_000, "0.150")
    assert form.has_changed(150_000, "0.16")
