"""Who the gateway serves: organisations, their teams, and the people in them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from llm.models import bounds
from llm.models.limited import Limited


class Organisation(Limited):
    name = models.CharField(max_length=100, unique=True, validators=[bounds.slug_like])
    time_zone = models.CharField(
        max_length=64, default="UTC", validators=[bounds.time_zone], help_text="Its days and months begin here."
    )
    keeps_bodies = models.BooleanField(default=True, help_text="Whether messages and answers are kept with the record.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [*Limited.Meta.constraints]

    def __str__(self) -> str:
        return self.name


class Team(Limited):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=100, validators=[bounds.slug_like])

    class Meta:
        ordering = ["organisation__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="team_once_in_an_organisation"),
            *Limited.Meta.constraints,
        ]

    @property
    def limited_by(self) -> list[Limited]:
        return [self.organisation]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OPERATOR = "operator", "Operator"
    EDITOR = "editor", "Editor of prompts"
    MANAGER = "manager", "Manager, reads cost and latency"


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MANAGER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="member_once_in_an_organisation")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"

    def clean(self) -> None:
        if self.team is not None and self.team.organisation_id != self.organisation_id:
            raise ValidationError({"team": "The team belongs to another organisation."})
