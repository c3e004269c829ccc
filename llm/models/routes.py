"""The ways to a model, and what each costs from when on."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from llm.models import bounds
from llm.models.money import PicodollarField
from llm.models.offers import Model
from llm.models.providers import Provider
from llm.models.registered import Registered

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
MILLION = 1_000_000
HIGHEST_RATE = 10_000 * MILLION
DOUBTFUL_RATE = 1_000 * MILLION
RATES = ("input", "output", "cached", "cache_write", "batch_input", "batch_output")
RATE_BOUNDS = [
    MinValueValidator(0, "Must be 0 or more."),
    MaxValueValidator(HIGHEST_RATE, "Must be 10,000 dollars per million tokens at most."),
]


class Route(Registered):
    model = models.ForeignKey(Model, models.CASCADE, related_name="routes")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="routes")
    upstream_model = models.CharField(max_length=200, validators=[bounds.model_name])
    order = models.PositiveSmallIntegerField(default=1, help_text="Lowest first.")
    weight = models.PositiveIntegerField(
        default=1, validators=[MaxValueValidator(10_000)], help_text="Its share among those of the same order."
    )

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "provider", "upstream_model"], name="route_once_for_a_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}"


def rate() -> PicodollarField:
    return PicodollarField(
        per=MILLION, null=True, blank=True, validators=RATE_BOUNDS, help_text="Dollars per million tokens."
    )


class RoutePrice(Registered):
    """Picodollars per token from `valid_from` on; NULL is unknown, never free."""

    class Source(models.TextChoices):
        LIST = "list", "Price list"
        OVERRIDE = "override", "Set here"

    route = models.ForeignKey(Route, models.CASCADE, related_name="prices")
    valid_from = models.DateTimeField(default=SINCE_EVER)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.OVERRIDE)
    input = rate()
    output = rate()
    cached = rate()
    cache_write = rate()
    batch_input = rate()
    batch_output = rate()
    note = models.CharField(max_length=300, blank=True, help_text="What these rates leave out.")

    class Meta:
        ordering = ["valid_from", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["route", "valid_from"], name="price_once_for_an_instant"),
            *[
                models.CheckConstraint(
                    name=f"price_{name}_in_bounds",
                    condition=models.Q(**{f"{name}__gte": 0, f"{name}__lte": HIGHEST_RATE}),
                    violation_error_message=f"{name} must be between 0 and 10,000 dollars per million tokens.",
                )
                for name in RATES
            ],
        ]

    def __str__(self) -> str:
        return f"price of {self.route} from {self.valid_from:%Y-%m-%d}"

    @property
    def rates(self) -> dict[str, int | None]:
        return {name: getattr(self, name) for name in RATES}

    def doubtful(self) -> list[str]:
        """The rates that look like a slipped decimal point: over 1,000 dollars per million tokens."""
        return [name for name, value in self.rates.items() if value is not None and value > DOUBTFUL_RATE]
