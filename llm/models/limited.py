"""The base of every row that may be limited: how much of it any sixty seconds may see, and how much at once."""

from __future__ import annotations

from django.db import models

from llm.models import bounds
from llm.models.registered import Registered


class Limited(Registered):
    """NULL is no limit."""

    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[bounds.positive])
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True, validators=[bounds.positive])
    max_concurrency = models.PositiveIntegerField(null=True, blank=True, validators=[bounds.positive])

    class Meta:
        abstract = True
        constraints = [*bounds.at_least(1, "requests_per_minute", "tokens_per_minute", "max_concurrency")]
