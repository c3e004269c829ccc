"""How much of its budgets and limits a key, a team, an organisation or a provider has used, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from llm.admin.limits import TITLES, UNITS
from llm.bridge import bridge
from llm.limits import throttle, usage
from llm.limits.meters import Reading
from llm.models import ApiKey, Budget, BudgetWindow, Organisation, Provider, Scope, Team
from llm.models.limited import Limited
from llm.models.money import dollars
from llm.registry import UNLIMITED, Limits
from llm.wiring import house

MOST = 10
"""Windows that are drawn of one budget, where each user or tag has its own: those in which most is spent."""
PERIODS = {"day": "a day", "week": "a week", "month": "a month", "total": "in all"}
MOST_BUDGETS = 50
CENT = Decimal("0.01")


@dataclass(slots=True, frozen=True)
class Bar:
    """`used` and `reserved` of `most`, in whatever unit `said` tells them in."""

    title: str
    used: int
    reserved: int
    most: int
    said: str
    link: str = ""

    @property
    def share(self) -> str:
        return f"{100 * self.used / self.most:,.0f} %"

    @property
    def used_width(self) -> str:
        return _width(self.used, self.most)

    @property
    def reserved_width(self) -> str:
        return _width(min(self.reserved, max(self.most - self.used, 0)), self.most)

    @property
    def state(self) -> str:
        """The colour of what is used."""
        taken = (self.used + self.reserved) / self.most
        return "gh-full" if taken >= 1 else "gh-nearly" if taken >= 0.8 else ""


def _width(part: int, whole: int) -> str:
    return f"{min(100 * part / whole, 100):.1f}%"


def of_key(key: ApiKey) -> list[Bar]:
    """All that binds it whoever it speaks for: its own, its team's and its organisation's."""
    team = Q(team=key.team_id) if key.team_id else Q(pk=None)
    whole = Q(scope=Scope.ORGANISATION, organisation=key.organisation_id)
    limits = _of_key(key) + (_of_team(key.team) if key.team else []) + _of_organisation(key.organisation)
    return limits + of_budgets(Budget.objects.filter(Q(key=key) | team | whole))


def of_team(team: Team) -> list[Bar]:
    return _of_team(team) + of_budgets(Budget.objects.filter(team=team))


def of_organisation(organisation: Organisation) -> list[Bar]:
    """But for those of keys, which may be many and have pages of their own."""
    budgets = Budget.objects.filter(organisation=organisation).exclude(scope=Scope.KEY)
    return _of_organisation(organisation) + of_budgets(budgets)


def of_provider(provider: Provider) -> list[Bar]:
    return _of_limits(provider, usage.of_provider(provider.pk), f"provider {provider}", window=throttle.WINDOW)


def _of_key(key: ApiKey) -> list[Bar]:
    return _of_limits(key, usage.of_key(key.organisation_id, key.pk), f"key {key}")


def _of_team(team: Team) -> list[Bar]:
    return _of_limits(team, usage.of_team(team.organisation_id, team.pk), f"team {team}")


def _of_organisation(organisation: Organisation) -> list[Bar]:
    return _of_limits(organisation, usage.of_organisation(organisation.pk), f"organisation {organisation}")


def _of_limits(row: Limited, counted_under: str, whose: str, *, window: float = usage.MINUTE) -> list[Bar]:
    limits = Limits(row.requests_per_minute, row.tokens_per_minute, row.max_concurrency)
    if limits == UNLIMITED:
        return []
    return [_limit_bar(reading, whose) for reading in bridge().run(_read(limits, counted_under, window))]


async def _read(limits: Limits, counted_under: str, window: float) -> list[Reading]:
    """On the bridge's loop, where the connections are."""
    return await usage.usage(house().meters, limits, counted_under, window=window)


def _limit_bar(reading: Reading, whose: str) -> Bar:
    unit, most = UNITS[reading.demand.name], reading.demand.most
    room = f"; there is more room in {ceil(reading.wait)} s" if reading.used and reading.demand.window else ""
    said = f"{reading.used:,} of {most:,} {unit}, {reading.remaining:,} left{room}."
    return Bar(f"{TITLES[reading.demand.name]} of {whose}", reading.used, 0, most, said)


def of_budgets(budgets: QuerySet[Budget]) -> list[Bar]:
    """As they stand in their windows of now."""
    chosen = list(budgets.select_related("organisation", "key", "team")[:MOST_BUDGETS])
    now = timezone.now()
    found: dict[int, list[BudgetWindow]] = {budget.pk: [] for budget in chosen}
    for window in BudgetWindow.of(now).filter(budget__in=chosen).order_by("-spent")[: MOST_BUDGETS * MOST]:
        found[window.budget_id].append(window)
    return [bar for budget in chosen for bar in _bars(budget, found[budget.pk][:MOST], now)]


def _bars(budget: Budget, windows: list[BudgetWindow], now: datetime) -> Iterator[Bar]:
    for window in windows or _untouched(budget, now):
        window.budget = budget
        yield _bar(window)


def _untouched(budget: Budget, now: datetime) -> Iterable[BudgetWindow]:
    """Of one that gives each user or tag its own there is nothing to draw yet."""
    if budget.match.rpartition("=")[2] == "*":
        return ()
    return [BudgetWindow(budget=budget, starts_at=budget.window(now).starts_at)]


def _bar(window: BudgetWindow) -> Bar:
    budget = window.budget
    left = usd(max(budget.amount - window.spent - window.reserved, 0))
    kind = "" if budget.hard else " It warns and refuses nothing."
    said = (
        f"{usd(window.spent)} of {usd(budget.amount)} spent, {usd(window.reserved)} reserved by calls in flight, "
        f"{left} left; {window.resets}.{kind}"
    )
    title = f"Budget of {budget.whose(window.value)}, {PERIODS[budget.period]}"
    link = reverse("admin:llm_budget_change", args=[budget.pk])
    return Bar(title, window.spent, window.reserved, budget.amount, said, link)


def usd(picodollars: int) -> str:
    """To the cent: what is told exactly stands in the log."""
    value = dollars(picodollars)
    return "under 0.01 USD" if 0 < value < CENT else f"{value:,.2f} USD"
