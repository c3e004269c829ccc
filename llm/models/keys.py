"""Gateway keys: shown once, kept as digests, with the rights and limits of whoever holds them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models as db
from django.utils import timezone

from llm import vault
from llm.models import bounds
from llm.models.keyring import Keyring
from llm.models.limited import Limited
from llm.models.organisations import Organisation, Team

SCOPES = (
    "generate",
    "prompts.read",
    "prompts.write",
    "prompts.publish",
    "prompts.secure",
    "batches",
    "usage",
    "requests",
    "organisation",
)
DEFAULT_SCOPES = ("generate", "prompts.read", "batches", "usage", "requests")


def default_scopes() -> list[str]:
    return list(DEFAULT_SCOPES)


def every_model() -> list[str]:
    return ["*"]


class ApiKey(Limited):
    name = db.CharField(max_length=100, validators=[bounds.slug_like])
    organisation = db.ForeignKey(Organisation, db.PROTECT, related_name="keys")
    team = db.ForeignKey(Team, db.SET_NULL, null=True, blank=True, related_name="keys")
    digest = db.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  # NULL: no secret yet, and any number of keys may have none
    last_four = db.CharField(max_length=4, blank=True, editable=False)
    former_digest = db.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  # as above
    former_until = db.DateTimeField(null=True, editable=False)
    scopes = db.JSONField(default=default_scopes, blank=True, validators=[bounds.Subset(SCOPES)])
    models = db.JSONField(
        default=every_model, blank=True, validators=[bounds.patterns], help_text='Names or patterns; ["*"] is all.'
    )
    origins = db.JSONField(
        default=list, blank=True, validators=[bounds.origins], help_text="Web pages that may use it from a browser."
    )
    reserve_max_tokens = db.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[bounds.positive],
        help_text="Output tokens reserved where a call names no bound.",
    )
    expires_at = db.DateTimeField(null=True, blank=True)
    disabled = db.BooleanField(default=False)
    created_at = db.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["organisation__name", "name"]
        verbose_name = "key"
        constraints = [
            db.UniqueConstraint(fields=["organisation", "name"], name="key_once_in_an_organisation"),
            *Limited.Meta.constraints,
            *bounds.at_least(1, "reserve_max_tokens"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, name: str, organisation: Organisation, **fields: Any) -> tuple[Self, str]:
        """A new saved key and, for the only time, its secret."""
        key = cls(name=name, organisation=organisation, **fields)
        secret = vault.new_key()
        key.set_secret(secret)
        key.full_clean()
        key.save()
        return key, secret

    def set_secret(self, secret: str) -> None:
        """Empty takes the secret away: then nobody can use the key. A former one ends too."""
        self.digest = vault.digest(secret, Keyring.pepper()) if secret else None
        self.last_four = vault.last_four(secret)
        self.former_digest = self.former_until = None

    def rotate(self, overlap: timedelta) -> str:
        """A new secret, for the only time; the one of now works for `overlap` longer, one before it no more."""
        former, secret = self.digest, vault.new_key()
        self.set_secret(secret)
        if former is not None and overlap:
            self.former_digest, self.former_until = former, timezone.now() + overlap
        return secret

    @property
    def limited_by(self) -> list[Limited]:
        return [self.organisation] if self.team is None else [self.team, self.organisation]

    @property
    def longest_answer(self) -> int:
        return self.reserve_max_tokens or super().longest_answer

    @property
    def overlaps_until(self) -> datetime | None:
        """When the former secret stops; None where none works."""
        return self.former_until if self.former_until is not None and self.former_until > timezone.now() else None

    def clean(self) -> None:
        if self.team is not None and self.team.organisation_id != self.organisation_id:
            raise ValidationError({"team": "The team belongs to another organisation."})
