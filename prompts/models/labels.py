"""Which version is meant by a word such as production, and how that came to be."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from prompts.choosing import Split
from prompts.models.prompts import Prompt

LABELS = ("draft", "staging", "production")
"""Those that every prompt is offered."""
PROTECTED = frozenset({"production"})
"""Those that are protected from their first move on."""


class Label(models.Model):
    """Moving a protected one takes a right and a reason."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=64)
    protected = models.BooleanField(default=False)
    split: models.JSONField[Split, Split] = models.JSONField()
    moved_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["prompt", "name"], name="label_once")]

    def __str__(self) -> str:
        return self.name


class Moved(models.Model):
    """From which versions (none: it is new) to which a label goes, who wants it, and why."""

    label = models.CharField(max_length=64)
    before: models.JSONField[Split, Split] = models.JSONField()
    after: models.JSONField[Split, Split] = models.JSONField()
    reason = models.TextField(blank=True)
    author = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class LabelMove(Moved):
    """A line of a label's history, in order of `id`: the last one is where it stands. `approver` is who agreed, where
    it took two."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="moves")
    approver = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["prompt", "label", "id"], name="history_of_a_label")]

    def __str__(self) -> str:
        return f"{self.label} of {self.prompt}"


class Proposal(Moved):
    """A move that waits for somebody else to agree; gone once it is made or declined."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="proposals")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["prompt", "label"], name="one_proposal_for_a_label")]

    def __str__(self) -> str:
        return f"{self.label} of {self.prompt}"
