"""What a prompt says: versions, which are written once and never changed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from llm.dialects.fields import Fields
from llm.models.json_text import JsonTextField
from prompts.models.prompts import Prompt
from prompts.wording import Wording, read_wording


class Version(models.Model):
    """`wording` is the JSON of `prompts.wording.Wording`; `author` a name that outlives its user, or a key's."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    wording: models.TextField[Any, Any] = JsonTextField()
    note = models.TextField(blank=True)
    author = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    forked_from = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.prompt} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A version is written once: fork it into a new one.")
        super().save(*args, **kwargs)

    def opened(self) -> Wording:
        return read_wording(Fields(self.wording, "", strict=True))
