"""What callers may ask for: models under public names and aliases, and what to fall back on."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models

from llm.dialects.fields import Fields
from llm.dialects.gatehouse import read_requirements
from llm.errors import InvalidField
from llm.models import bounds
from llm.models.registered import Registered
from llm.selection import AUTO
from llm.types import CAPABILITIES, Requirements


class Strategy(models.TextChoices):
    """Which of a model's routes is tried first."""

    ORDERED = "ordered", "In order, those of equal order by weight"
    WEIGHTED = "weighted", "At random, by weight"
    CHEAPEST = "cheapest", "The cheapest for this request"
    FASTEST = "fastest", "The one observed to be fastest"
    LEAST_BUSY = "least_busy", "The one with the fewest calls in flight"


class Occasion(models.TextChoices):
    """What a fallback is for."""

    FAILURE = "failure", "When the routes fail"
    CONTENT_FILTER = "content_filter", "When the content is filtered"
    CONTEXT_WINDOW = "context_window", "When the request is too long"


class Model(Registered):
    name = models.CharField(max_length=200, unique=True, validators=[bounds.model_name])
    context_window = models.PositiveIntegerField(
        null=True, blank=True, validators=[bounds.positive], help_text="Tokens, prompt and answer together."
    )
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[bounds.positive])
    training_cutoff = models.DateField(null=True, blank=True)
    capabilities = models.JSONField(default=list, blank=True, validators=[bounds.Subset(CAPABILITIES)])
    quality = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[bounds.positive, MaxValueValidator(10)], help_text="1 to 10."
    )
    caching = models.BooleanField(default=True, help_text="Whether its answers may be served again.")
    strategy = models.CharField(max_length=20, choices=Strategy.choices, default=Strategy.ORDERED)
    hedging = models.BooleanField(
        default=False, help_text="Whether a slow call is asked a second time elsewhere; the first answer counts."
    )
    continues = models.BooleanField(
        default=False, help_text="Whether another route goes on with an answer that broke off."
    )
    retires_on = models.DateField(null=True, blank=True)
    successor = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [
            *bounds.at_least(1, "context_window", "max_output_tokens", "quality"),
            models.CheckConstraint(
                name="model_quality_at_most_10",
                condition=models.Q(quality__lte=10),
                violation_error_message="quality must be 10 or less.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if Alias.objects.filter(name=self.name).exclude(model_id=self.pk).exists():
            raise ValidationError({"name": "Another model has this name as an alias."})
        _check_free(self.name)
        if self.successor_id is not None and self.successor_id == self.pk:
            raise ValidationError({"successor": "A model cannot follow itself."})
        if self.context_window and self.max_output_tokens and self.max_output_tokens > self.context_window:
            raise ValidationError({"max_output_tokens": "More than the context window holds."})


class Alias(Registered):
    """A second name of a model."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=200, unique=True, validators=[bounds.model_name])

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if Model.objects.filter(name=self.name).exists():
            raise ValidationError({"name": "A model has this name."})
        _check_free(self.name)


def _check_free(name: str) -> None:
    """Of a model or alias: what is asked for to have a model chosen names none."""
    if name == AUTO:
        raise ValidationError({"name": "Who asks for this leaves the choice of a model to us."})
    if Tier.objects.filter(name=name).exists():
        raise ValidationError({"name": "A tier has this name."})


class Fallback(Registered):
    """The model to ask when another one's routes have all failed, lowest order first."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="fallbacks")
    target = models.ForeignKey(Model, models.CASCADE, related_name="+")
    occasion = models.CharField(max_length=20, choices=Occasion.choices, default=Occasion.FAILURE)
    order = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "target", "occasion"], name="fallback_once_for_a_model"),
            models.CheckConstraint(
                name="fallback_is_another_model",
                condition=~models.Q(model=models.F("target")),
                violation_error_message="A model cannot fall back on itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} falls back on {self.target}"


class Tier(Registered):
    """A name for requirements: whoever asks for it gets the cheapest model that meets them."""

    name = models.CharField(max_length=200, unique=True, validators=[bounds.model_name])
    requirements = models.JSONField(default=dict, blank=True, validators=[bounds.json_object])

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.name == AUTO or any(kind.objects.filter(name=self.name).exists() for kind in (Model, Alias)):
            raise ValidationError({"name": "A model has this name."})
        try:
            self.opened()
        except InvalidField as error:
            raise ValidationError({"requirements": error.message}) from None

    def opened(self) -> Requirements:
        """Raises InvalidField."""
        return read_requirements(Fields(self.requirements, "requirements", strict=True))
