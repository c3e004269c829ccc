"""What managers and callers ask of the log: sums over its records, always current, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.db.models import Avg, Expression, F, Manager, Max, Q, QuerySet, Sum, Value

from analytics import percentiles, zones
from analytics.parameters import Span
from llm.call import Caller
from llm.errors import InvalidField
from llm.models import ApiKey, Organisation
from llm.prices import dollars

Figures = dict[str, Any]

COLUMNS = {
    "provider": "provider",
    "model": "model",
    "key": "key_id",
    "organisation": "organisation_id",
    "team": "team",
    "user": "user_id",
    "prompt": "prompt",
    "version": "prompt_version",
    "purpose": "purpose",
    "status": "status",
}
PERIODS: dict[str, Callable[[Any, Any], str]] = {
    "hour": zones.read_hour,
    "day": zones.read_day,
    "month": zones.read_month,
}
DIMENSIONS = (*COLUMNS, *PERIODS)
BY_DEFAULT = ("provider", "model")
NAMED: dict[str, Manager[Any]] = {"key": ApiKey.objects, "organisation": Organisation.objects}

FAILED = ("error", "incomplete", "interrupted")
ANSWERED = ~Q(status="refused")
"""A refusal took no time worth an average, and a flood of them is one row."""

MOST_GROUPS = 10_000
PARCEL = 10**6
"""SQLite refuses integer sums past 2**63, nine million dollars in picodollars: costs are summed in two parts."""


@dataclass(slots=True, frozen=True)
class Question:
    """Which sums are wanted: over which span, grouped by which dimensions, of which records."""

    span: Span
    group_by: tuple[str, ...] = BY_DEFAULT
    filters: dict[str, Any] = field(default_factory=dict)


def usage(records: QuerySet[Any], question: Question) -> list[Figures]:
    """One row for each group, periods first to last, then the busiest first. Raises `InvalidField` past 10,000."""
    chosen = matching(records, question.filters).filter(
        created_at__gte=question.span.since, created_at__lt=question.span.until
    )
    columns = _columns(question)
    rows = _summed(chosen.annotate(**columns).order_by(), list(columns))
    known = {name: NAMED[name].using(records.db) for name in NAMED if name in question.group_by}
    names = {name: _names(known[name], (row[f"by_{name}"] for row in rows)) for name in known}
    rows.sort(key=lambda row: _order(row, question.group_by))
    return [_answer(row, question, names) for row in rows]


def matching(records: QuerySet[Any], filters: dict[str, Any]) -> QuerySet[Any]:
    """The records whose dimensions have the values given, keys and organisations by their names."""
    for name, value in filters.items():
        column = COLUMNS.get(name, name)
        if name in NAMED:
            named = NAMED[name].using(records.db).filter(name=value)
            records = records.filter(**{f"{column}__in": named.values("pk")})
        else:
            records = records.filter(**{column: value})
    return records


def key_names(ids: Iterable[int | None]) -> dict[int | None, str]:
    return _names(ApiKey.objects.all(), ids)


def time_zone(caller: Caller) -> str:
    """Where the caller's organisation begins its days."""
    return Organisation.objects.filter(pk=caller.organisation_id).values_list("time_zone", flat=True).first() or "UTC"


def _columns(question: Question) -> dict[str, Expression | F]:
    span = question.span
    local = zones.local_seconds("created_at", span.zone, span.since, span.until)
    periods: dict[str, Expression] = {
        "hour": zones.hour_start("created_at", local),
        "day": zones.day_number(local),
        "month": zones.YearMonth(local),
    }
    return {f"by_{name}": periods[name] if name in periods else F(COLUMNS[name]) for name in question.group_by}


def _summed(records: QuerySet[Any], groups: list[str]) -> list[Figures]:
    latency = "latency_ms"
    in_sql = connections[records.db].vendor == "postgresql"
    wanted = _sums() | (percentiles.aggregates(latency, ANSWERED) if in_sql else {})
    rows = list(records.values(*groups).annotate(**wanted)[: MOST_GROUPS + 1])
    if len(rows) > MOST_GROUPS:
        raise InvalidField(f"More than {MOST_GROUPS:,} groups: ask for fewer, or a shorter span.", param="group_by")
    picked = {} if in_sql else percentiles.ranked(records.filter(ANSWERED), groups, latency)
    return [row | picked.get(tuple(row[group] for group in groups), {}) for row in rows]


def _sums() -> dict[str, Any]:
    return {
        "sum_requests": Sum("requests"),
        "sum_tokens": Sum("total_tokens"),
        "cost_parcels": Sum(F("cost") / Value(PARCEL)),
        "cost_rest": Sum(F("cost") % Value(PARCEL)),
        "unpriced": Sum("requests", filter=Q(cost=None)),
        "succeeded": Sum("requests", filter=Q(status="ok")),
        "failed": Sum("requests", filter=Q(status__in=FAILED)),
        "hits": Sum("requests", filter=Q(cache="hit")),
        "average": Avg("latency_ms", filter=ANSWERED),
        "last": Max("created_at"),
    }


def _answer(row: Figures, question: Question, names: dict[str, dict[int | None, str]]) -> Figures:
    requests = row["sum_requests"]
    answer: Figures = {}
    for name in question.group_by:
        value = row[f"by_{name}"]
        if name in PERIODS:
            value = PERIODS[name](value, question.span.zone)
        elif name in names:
            answer[f"{name}_id"], value = value, names[name].get(value)
        answer[name] = value
    return answer | {
        "total_requests": requests,
        "total_tokens": row["sum_tokens"],
        "total_cost": dollars(int(row["cost_parcels"] or 0) * PARCEL + int(row["cost_rest"] or 0)),
        "unpriced_requests": row["unpriced"] or 0,
        "average_latency_ms": _rounded(row["average"]),
        **{name: _rounded(row.get(name)) for name in percentiles.SHARES},
        "success_rate": (row["succeeded"] or 0) / requests,
        "error_rate": (row["failed"] or 0) / requests,
        "cache_hit_rate": (row["hits"] or 0) / requests,
        "last_request": row["last"],
    }


def _rounded(milliseconds: float | None) -> float | None:
    """The databases add floats in different order: what they differ by is not worth telling."""
    return None if milliseconds is None else round(milliseconds, 3)


def _names(named: QuerySet[Any], ids: Iterable[int | None]) -> dict[int | None, str]:
    return dict(named.filter(pk__in={known for known in ids if known is not None}).values_list("pk", "name"))


def _order(row: Figures, group_by: tuple[str, ...]) -> tuple[Any, ...]:
    periods = tuple(row[f"by_{name}"] for name in group_by if name in PERIODS)
    others = tuple((row[f"by_{name}"] is None, str(row[f"by_{name}"])) for name in group_by if name in COLUMNS)
    return periods, -row["sum_requests"], others
