"""How the versions of a prompt were used of late, out of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Min, QuerySet

from analytics.models import RequestLog
from analytics.parameters import Span
from analytics.queries import Question, usage
from prompts.models import Prompt
from prompts.percent import change, in_words

DAYS = 30


@dataclass(slots=True, frozen=True)
class Use:
    """Of one version in the last `DAYS` days. Times in milliseconds, `cost` in dollars for each call, None where it is
    unknown; `slower` and `dearer` say in which share of the version before it differs."""

    version: int
    calls: int
    p50: float | None
    p95: float | None
    cost: float | None
    failures: int
    first: datetime
    last: datetime
    slower: float | None = None
    dearer: float | None = None

    @property
    def cost_shown(self) -> str:
        return "unknown" if self.cost is None else f"{self.cost:.6f} USD"

    @property
    def slower_shown(self) -> str:
        return in_words(self.slower, "slower", "faster")

    @property
    def dearer_shown(self) -> str:
        return in_words(self.dearer, "dearer", "cheaper")


def by_version(prompt: Prompt, now: datetime) -> dict[int, Use]:
    rows = usage(records(prompt), Question(_span(now), ("version",), {}))
    since = now - timedelta(days=DAYS)
    dated = records(prompt).filter(created_at__gte=since).values_list("prompt_version").annotate(Min("created_at"))
    first: dict[Any, Any] = dict(dated.order_by())
    found: dict[int, Use] = {}
    before: Use | None = None
    for row in sorted(filter(lambda row: row["version"], rows), key=lambda row: row["version"]):
        before = found[row["version"]] = _use(row, first.get(row["version"]) or row["last_request"], before)
    return found


def callers(prompt: Prompt, now: datetime) -> list[dict[str, Any]]:
    """The keys that asked for it in the same days, the busiest first."""
    rows = usage(records(prompt), Question(_span(now), ("key",), {}))
    return sorted(rows, key=lambda row: -row["total_requests"])[:20]


def records(prompt: Prompt) -> QuerySet[RequestLog]:
    """Of a shared prompt, those of organisations that have none of its name themselves."""
    found = RequestLog.objects.filter(prompt=prompt.name)
    if prompt.organisation_id is not None:
        return found.filter(organisation_id=prompt.organisation_id)
    own = Prompt.objects.filter(name=prompt.name).exclude(organisation=None).values("organisation")
    return found.exclude(organisation_id__in=own)


def _span(now: datetime) -> Span:
    return Span(now.astimezone(UTC) - timedelta(days=DAYS), now.astimezone(UTC), ZoneInfo("UTC"))


def _use(row: dict[str, Any], first: datetime, before: Use | None) -> Use:
    calls = row["total_requests"]
    priced = calls - row["unpriced_requests"]
    cost = float(row["total_cost"]) / priced if priced else None
    return Use(
        version=row["version"],
        calls=calls,
        p50=row["p50_ms"],
        p95=row["p95_ms"],
        cost=cost,
        failures=round(row["error_rate"] * calls),
        first=first,
        last=row["last_request"],
        slower=change(before.p50 if before else None, row["p50_ms"]),
        dearer=change(before.cost if before else None, cost),
    )
