"""What a route costs from when on, and what long prompts cost there."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from llm.models import bounds
from llm.models.money import PicodollarField
from llm.models.registered import Registered
from llm.models.routes import Route

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
MILLION = 1_000_000
HIGHEST_RATE = 10_000 * MILLION
DOUBTFUL_RATE = 1_000 * MILLION
RATES = ("input", "output", "cached", "cache_write", "batch_input", "batch_output")
RATE_BOUNDS = [
    MinValueValidator(0, "Must be 0 or more."),
    MaxValueValidator(HIGHEST_RATE, "Must be 10,000 dollars per million tokens at most."),
]

Rates = dict[str, int | None]
Tiers = dict[int, Rates]
"""Rates by the number of tokens that a prompt must exceed; 0 is every prompt."""


def rate() -> PicodollarField:
    return PicodollarField(
        per=MILLION, null=True, blank=True, validators=RATE_BOUNDS, help_text="Dollars per million tokens."
    )


class Rated(Registered):
    """Picodollars per token; NULL is unknown, never free."""

    input = rate()
    output = rate()
    cached = rate()
    cache_write = rate()
    batch_input = rate()
    batch_output = rate()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name=f"%(class)s_{name}_in_bounds",
                condition=models.Q(**{f"{name}__gte": 0, f"{name}__lte": HIGHEST_RATE}),
                violation_error_message=f"{name} must be between 0 and 10,000 dollars per million tokens.",
            )
            for name in RATES
        ]

    @property
    def rates(self) -> Rates:
        return {name: getattr(self, name) for name in RATES}

    def doubtful(self) -> list[str]:
        """The rates that look like a slipped decimal point: over 1,000 dollars per million tokens."""
        return [name for name, value in self.rates.items() if value is not None and value > DOUBTFUL_RATE]


class RoutePrice(Rated):
    class Source(models.TextChoices):
        LIST = "list", "Price list"
        OVERRIDE = "override", "Set here"

    route = models.ForeignKey(Route, models.CASCADE, related_name="prices")
    valid_from = models.DateTimeField(default=SINCE_EVER)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.OVERRIDE)
    note = models.CharField(max_length=300, blank=True, help_text="What these rates leave out.")

    class Meta:
        ordering = ["valid_from", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["route", "valid_from"], name="price_once_for_an_instant"),
            *Rated.Meta.constraints,
        ]

    def __str__(self) -> str:
        return f"price of {self.route} from {self.valid_from:%Y-%m-%d}"

    def claim(self) -> None:
        """What was edited here is no longer the list's."""
        self.source, self.note = self.Source.OVERRIDE, ""

    @property
    def tiers(self) -> Tiers:
        return {0: self.rates, **{row.above: row.rates for row in self.long_prompts.all()}}


class LongPromptPrice(Rated):
    """What a request costs whose prompt has more than `above` tokens: all of its tokens, those of the answer too.

    A rate left open is the one of shorter prompts.
    """

    price = models.ForeignKey(RoutePrice, models.CASCADE, related_name="long_prompts")
    above = models.PositiveIntegerField(validators=[bounds.positive], help_text="Tokens of the prompt.")

    class Meta:
        ordering = ["above"]
        constraints = [
            models.UniqueConstraint(fields=["price", "above"], name="long_prompt_once_for_a_length"),
            *bounds.at_least(1, "above"),
            *Rated.Meta.constraints,
        ]

    def __str__(self) -> str:
        return f"{self.price}, prompts over {self.above:,} tokens"

    def clean(self) -> None:
        super().clean()
        given = [name for name, value in self.rates.items() if value is not None]
        if not given:
            raise ValidationError("At least one rate that is another one for long prompts.", code="empty")
        if baseless := [name for name in given if getattr(self.price, name) is None]:
            raise ValidationError(f"Rates of shorter prompts too: {', '.join(baseless)}.", code="baseless")
