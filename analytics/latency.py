"""How fast models answered of late, out of the newest records alone, so that asking costs the same in a large log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from analytics.percentiles import of_sorted

Figures = dict[str, Any]

OF_LATE = timedelta(days=1)
MOST = 2_000
"""Records that are looked at."""
SHARES = {"p50_ms": 0.5, "p95_ms": 0.95}
COLUMNS = ("model", "status", "cache", "latency_ms", "first_token_ms")


def observed(records: QuerySet[Any], now: datetime) -> dict[str, Figures]:
    """By model: `requests` that a provider answered, and the percentiles of their `total` and `first_token` times."""
    newest = records.filter(created_at__gte=now - OF_LATE).order_by("-created_at", "-id")
    times: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for model, status, cache, total, first in newest.values_list(*COLUMNS)[:MOST]:
        if model and status == "ok" and cache != "hit":
            times[model].append((total, first))
    return {model: _figures(seen) for model, seen in times.items()}


def _figures(seen: list[tuple[float, float | None]]) -> Figures:
    return {
        "requests": len(seen),
        "total": _spread(total for total, _ in seen),
        "first_token": _spread(first for _, first in seen if first is not None),
    }


def _spread(times: Iterable[float]) -> Figures | None:
    ordered = sorted(times)
    return {name: round(of_sorted(ordered, share), 3) for name, share in SHARES.items()} if ordered else None
