"""The base of every row that may be limited: how much of it any sixty seconds may see, and how much at once."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models

from llm.models import bounds
from llm.models.registered import Registered

LIMIT_NAMES = ("requests_per_minute", "tokens_per_minute", "max_concurrency")
MOST = 1_000_000_000
WITHIN = [bounds.positive, MaxValueValidator(MOST, f"Must be {MOST:,} or less; leave it out where there is no limit.")]


class Limited(Registered):
    """NULL is no limit."""

    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=WITHIN)
    tokens_per_minute = models.PositiveBigIntegerField(null=True, blank=True, validators=WITHIN)
    max_concurrency = models.PositiveIntegerField(null=True, blank=True, validators=WITHIN)

    class Meta:
        abstract = True
        constraints = [*bounds.at_least(1, *LIMIT_NAMES)]

    @property
    def limited_by(self) -> list[Limited]:
        """Rows whose limits count for this one too."""
        return []

    @property
    def longest_answer(self) -> int:
        """Tokens that one answer may have, as far as is known."""
        return int(settings.DEFAULT_MAX_TOKENS)

    def doubts(self) -> Iterator[str]:
        """What of its limits may be meant, but hardly is."""
        for name in LIMIT_NAMES:
            own = getattr(self, name)
            for other in self.limited_by if own is not None else ():
                if (theirs := getattr(other, name)) is not None and own > theirs:
                    yield f"{name} is {own:,}, but {other._meta.verbose_name} {other} has no more than {theirs:,}."
        if self.tokens_per_minute is not None and self.tokens_per_minute < self.longest_answer:
            yield (
                f"tokens_per_minute is {self.tokens_per_minute:,}, but one answer may have {self.longest_answer:,} "
                "tokens: such a call takes up the whole minute."
            )
