"""Money in rows: whole picodollars in a BIGINT, decimal dollars wherever people read or write it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst

PICODOLLARS = 10**12
MOST_DOLLARS = 9_000_000
"""A column of picodollars holds a little more."""
LONGEST = 20
"""Digits before the point from which on nobody reckons: no bound is so wide."""


def picodollars(dollars: Decimal, *, per: int = 1) -> int:
    """Dollars per `per` tokens (or per one) to picodollars; refuses what is no sum, or would not come out whole."""
    if not dollars.is_finite() or dollars.adjusted() >= LONGEST:
        raise ValidationError("Must be a sum of money.", code="sum")
    exact = dollars * PICODOLLARS / per
    if exact != exact.to_integral_value():
        raise ValidationError(f"At most {places(per)} decimal places.", code="inexact")
    return int(exact)


def places(per: int) -> int:
    """How many decimal ones dollars per `per` tokens may have."""
    return len(str(PICODOLLARS // per)) - 1


def dollars(picodollars: int, *, per: int = 1) -> Decimal:
    """The way back, without trailing zeros or an exponent."""
    value = (Decimal(picodollars) * per / PICODOLLARS).normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


class DollarsField(forms.DecimalField):
    """Decimal dollars in a form, picodollars behind it."""

    def __init__(self, *, per: int = 1, **kwargs: Any) -> None:
        self.per = per
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return dollars(value, per=self.per) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        return None if amount is None else picodollars(amount, per=self.per)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class PicodollarField(models.BigIntegerField):  # type: ignore[type-arg]  # Django's fields take none at run time
    """An `int` of picodollars in Python and in the database; its form speaks dollars per `per` tokens."""

    def __init__(self, *args: Any, per: int = 1, **kwargs: Any) -> None:
        self.per = per
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "per": self.per} if self.per != 1 else kwargs

    def formfield(self, **kwargs: Any) -> Any:
        options = {
            "per": self.per,
            "required": not self.blank,
            "label": capfirst(self.verbose_name),
            "help_text": self.help_text,
        }
        return DollarsField(**{**options, **_known(kwargs)})


def _known(kwargs: dict[str, Any]) -> dict[str, Any]:
    """An admin hands over a widget for big integers; of what it says, only this fits a decimal."""
    return {name: kwargs[name] for name in ("label", "help_text", "required", "initial") if name in kwargs}
