"""What may be spent: budgets, what each of their windows has seen, and what calls in flight have set aside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast, get_args

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, QuerySet

from llm import budgets, periods
from llm.models import bounds
from llm.models.keys import ApiKey
from llm.models.money import MOST_DOLLARS, PICODOLLARS, PicodollarField, dollars
from llm.models.organisations import Organisation, Team
from llm.models.registered import Registered


class Scope(models.TextChoices):
    KEY = "key", "Key"
    ORGANISATION = "organisation", "Organisation"
    TEAM = "team", "Team"
    USER = "user", "User"
    TAG = "tag", "Tag"


class Period(models.TextChoices):
    DAY = "day", "Day"
    WEEK = "week", "Week"
    MONTH = "month", "Month"
    TOTAL = "total", "In all"


MATCHES = {
    Scope.USER: "the user, or * for each of them",
    Scope.TAG: "a tag as name=value, or name=* for each value of it",
}
EACH = "*"
CONTRADICTED = "A hard budget of the same scope and period is there already: the smaller one would count."


def default_shares() -> list[int]:
    return [80]


class Budget(Registered):
    """`match`: the user, or the tag as `name=value`; `*` in place of the value gives each its own budget."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="budgets")
    scope = models.CharField(max_length=20, choices=Scope.choices)
    key = models.ForeignKey(ApiKey, models.CASCADE, null=True, blank=True, related_name="budgets")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="budgets")
    match = models.CharField(max_length=300, blank=True)
    amount = PicodollarField(
        validators=[
            MinValueValidator(1, "Must be more than 0."),
            MaxValueValidator(MOST_DOLLARS * PICODOLLARS, f"Must be at most {MOST_DOLLARS:,}."),
        ],
        help_text="Dollars.",
    )
    period = models.CharField(max_length=10, choices=Period.choices, default=Period.MONTH)
    hard = models.BooleanField(default=True, help_text="Whether calls beyond it are refused.")
    alert_at = models.JSONField(
        default=default_shares,
        blank=True,
        validators=[bounds.shares],
        help_text="Percent of the amount at which somebody is told, besides when it is used up.",
    )

    class Meta:
        ordering = ["organisation__name", "scope", "pk"]
        constraints = [*bounds.at_least(1, "amount")]

    def __str__(self) -> str:
        return f"budget of {self.whose()}"

    def whose(self, value: str = "") -> str:
        """What it bounds, in words; `value` where it gives each user or tag its own."""
        match self.scope:
            case Scope.USER | Scope.TAG:
                named = f"{self.match[: self.match.find('=') + 1]}{value}" if value else self.match
            case _:  # the field that is called like the scope
                named = getattr(self, self.scope, None) or "not named"
        return f"{self.scope} {named}"

    def window(self, instant: datetime) -> periods.Window:
        """The one that counts at `instant`."""
        return periods.window(cast(budgets.Period, self.period), instant, self.organisation.time_zone)

    def clean(self) -> None:
        """One of a key or a team is of their organisation, whether that is said or not."""
        self._check_match()
        for field in (Scope.KEY, Scope.TEAM):
            given = getattr(self, field) is not None
            if given != (self.scope == field):
                raise ValidationError({field: "Does not belong to this scope." if given else "This scope needs it."})
        owner = self.key or self.team
        if owner is not None and not hasattr(self, "organisation"):
            self.organisation = owner.organisation
        if not hasattr(self, "organisation"):
            raise ValidationError({"organisation": "This scope needs it."})
        if owner is not None and owner.organisation_id != self.organisation_id:
            raise ValidationError({"organisation": f"This {self.scope} belongs to another organisation."})
        if self.hard and self._alike().exists():
            raise ValidationError({"amount": CONTRADICTED})

    def doubts(self) -> Iterator[str]:
        """What may be meant, but hardly is: what others allow bounds it already."""
        above = Q(scope=Scope.ORGANISATION)
        if self.key is not None and self.key.team_id is not None:
            above |= Q(team=self.key.team_id)
        tighter = self.organisation.budgets.filter(above, hard=True, period=self.period, amount__lt=self.amount)
        for other in tighter.select_related("organisation", "team") if self.hard else ():
            yield f"amount is {dollars(self.amount):,f}, but the {other} is no more than {dollars(other.amount):,f}."

    def _check_match(self) -> None:
        """What no call could ever be named would bound nobody."""
        name, _, value = self.match.partition("=") if self.scope == Scope.TAG else ("tag", "", self.match)
        if self.scope not in MATCHES and self.match:
            raise ValidationError({"match": "Must be nothing, for this scope matches all calls."})
        if self.scope in MATCHES and not (_is_name(name) and (value == EACH or _is_name(value))):
            raise ValidationError({"match": f"Must be {MATCHES[Scope(self.scope)]}."})

    def _alike(self) -> QuerySet[Budget]:
        same = {
            field: getattr(self, field)
            for field in ("organisation_id", "scope", "key_id", "team_id", "match", "period")
        }
        return Budget.objects.filter(**same, hard=True).exclude(pk=self.pk)


def _is_name(text: str) -> bool:
    return bool(text) and text == text.strip() and text.isprintable() and EACH not in text


class BudgetWindow(models.Model):
    """One budget in one period: a day, a week, a month. `value` tells apart those of a budget for each user or tag."""

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="windows")
    value = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    spent = PicodollarField(default=0)
    reserved = PicodollarField(default=0)
    alerted = models.PositiveSmallIntegerField(default=0, help_text="The highest share that somebody was told of.")
    exceeded = models.BooleanField(default=False, help_text="Whether somebody was told that it is used up.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["budget", "value", "starts_at"], name="budget_window_once"),
            *bounds.at_least(0, "spent", "reserved"),
        ]

    def __str__(self) -> str:
        return f"{self.budget} from {self.starts_at:%Y-%m-%d}"

    @classmethod
    def of(cls, instant: datetime) -> QuerySet[BudgetWindow]:
        """Those that count at `instant`, by the periods and time zones of now."""
        counts = Q()
        for zone in Organisation.objects.values_list("time_zone", flat=True).distinct():
            for period in get_args(budgets.Period):
                start = periods.window(period, instant, zone).starts_at
                counts |= Q(budget__organisation__time_zone=zone, budget__period=period, starts_at=start)
        return cls.objects.filter(counts)

    @property
    def ends_at(self) -> datetime | None:
        """By the budget's period of now; None where it never does."""
        return self.budget.window(self.starts_at).ends_at

    @property
    def resets(self) -> str:
        """When, in words: "resets on 1 December, 00:00 (Europe/Paris)"."""
        return periods.resets(self.ends_at, self.budget.organisation.time_zone)


class Reservation(models.Model):
    """What one call in flight has set aside in one window. `journal` is the folder that vouches for the call."""

    call = models.UUIDField()
    window = models.ForeignKey(BudgetWindow, models.CASCADE, related_name="reservations")
    amount = PicodollarField()
    journal = models.CharField(max_length=32)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "window"], name="reservation_once_for_a_window")]
        indexes = [models.Index(fields=["journal"], name="reservation_of_journal")]

    def __str__(self) -> str:
        return f"{self.call} in {self.window}"
