"""Percentiles within groups: the smallest value that at least the given share of the group does not exceed.

PostgreSQL has an aggregate for it (`percentile_disc`); elsewhere every row is ranked and the right one picked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil
from operator import or_
from typing import Any

from django.db.models import Aggregate, Count, Expression, ExpressionWrapper, F, FloatField, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber

SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}

Group = tuple[Any, ...]


class PercentileDisc(Aggregate):
    function = "PERCENTILE_DISC"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: str, *, share: float, filter: Q) -> None:
        super().__init__(expression, filter=filter, share=share)


def aggregates(column: str, counted: Q) -> dict[str, Aggregate]:
    """PostgreSQL sorts once for all of them."""
    return {name: PercentileDisc(column, share=share, filter=counted) for name, share in SHARES.items()}


def ranked(rows: QuerySet[Any], groups: list[str], column: str) -> dict[Group, dict[str, float]]:
    """The same by rank, of `rows` annotated with `groups`: one row for each group and share comes back."""
    within: list[Expression | F] = [F(name) for name in groups]
    placed = rows.annotate(
        place=Window(RowNumber(), partition_by=within, order_by=F(column).asc()),
        size=Window(Count("*"), partition_by=within),
    ).filter(reduce(or_, (_is_at(share) for share in SHARES.values())))
    found: dict[Group, dict[str, float]] = {}
    for *group, value, place, size in placed.values_list(*groups, column, "place", "size"):
        figures = found.setdefault(tuple(group), {})
        figures.update({name: value for name, share in SHARES.items() if share * size <= place < share * size + 1})
    return found


def _is_at(share: float) -> Q:
    """Whether a row's place is the first at which `share` of its group is reached."""
    reached = ExpressionWrapper(F("size") * Value(share), output_field=FloatField())
    passed = ExpressionWrapper(reached + Value(1.0), output_field=FloatField())
    return Q(place__gte=reached, place__lt=passed)


def of_sorted(values: Sequence[float], share: float) -> float:
    """The same of values at hand, in order and at least one."""
    return values[max(ceil(share * len(values)) - 1, 0)]
