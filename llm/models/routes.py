"""The ways to a model."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models

from llm.models import bounds
from llm.models.limited import Limited
from llm.models.offers import Model
from llm.models.providers import Provider


class Route(Limited):
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
            *Limited.Meta.constraints,
        ]

    @property
    def limited_by(self) -> list[Limited]:
        return [self.provider]

    @property
    def longest_answer(self) -> int:
        return self.model.max_output_tokens or super().longest_answer

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}"
