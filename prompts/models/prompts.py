"""A prompt: the name that code asks for, and who looks after it."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from llm.call import Caller
from llm.models.bounds import slug_like

RESERVED = ("export", "import")
"""Words that stand in the place of a name in the API."""
LONGEST_NAME = 100
MOST_WORDS = 50
"""That are looked for at once: databases take no condition of any depth."""
no_word_of_ours = RegexValidator(rf"\A(?:{'|'.join(RESERVED)})\Z", "The API uses this word itself.", inverse_match=True)


class Category(models.TextChoices):
    CHAT = "chat", "Chat"
    DOCUMENTATION = "documentation", "Documentation"
    CODE = "code", "Code"
    ANALYSIS = "analysis", "Analysis"
    SYSTEM = "system", "System"


class PromptQuerySet(models.QuerySet["Prompt"]):
    def seen_by(self, caller: Caller) -> Self:
        """The organisation's own and the shared ones; an own one hides a shared one of its name."""
        own = Prompt.objects.filter(organisation_id=caller.organisation_id, name=models.OuterRef("name"))
        shared = Q(organisation=None) & ~models.Exists(own)
        return self.filter(Q(organisation_id=caller.organisation_id) | shared)

    def searched(self, words: str) -> Self:
        """Those that have all of `words`, of which the first `MOST_WORDS` count, in name, description, tags, owner or
        newest version."""
        rows = self
        for word in list(dict.fromkeys(words.lower().split()))[:MOST_WORDS]:
            rows = rows.filter(Q(search__contains=word) | Q(owner__username__icontains=word))
        return rows

    def tagged(self, tag: str) -> Self:
        """Tags stand on lines of their own in what is searched."""
        return self.filter(search__contains=f"\n#{tag.lower()}\n")


class Prompt(models.Model):
    """Without an organisation it is shared: every organisation may use it, and staff alone may change it.

    `newest` is the number of its newest version, 0 without any; `stamp` that of the registry when what callers get of
    it last changed. `search` holds, in lower case, all that a search looks through.
    """

    organisation = models.ForeignKey(
        "llm.Organisation", models.CASCADE, null=True, blank=True, related_name="+", help_text="None: shared by all."
    )
    name = models.CharField(max_length=LONGEST_NAME, validators=[slug_like, no_word_of_ours])
    description = models.TextField(blank=True, max_length=2_000)
    category = models.CharField(max_length=20, choices=Category.choices, default=Category.CHAT)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    archived = models.BooleanField(default=False)
    needs_green = models.BooleanField("publish only when green", default=False)
    needs_approval = models.BooleanField("publish with four eyes", default=False)
    newest = models.PositiveIntegerField(default=0, editable=False)
    search = models.TextField(editable=False)
    stamp = models.PositiveBigIntegerField(default=0, editable=False, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="prompt_once_in_an_organisation",
                violation_error_message="There is a prompt of this name already.",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(organisation=None),
                name="shared_prompt_once",
                violation_error_message="There is a shared prompt of this name already.",
            ),
        ]
        indexes = [models.Index(fields=["archived", "name"], name="prompt_by_name")]
        permissions = [
            ("publish_prompt", "Can move protected labels"),
            ("secure_prompt", "Can change what publishing takes"),
            ("use_playground", "Can use the playground"),
        ]

    def __str__(self) -> str:
        return self.name
