"""Lists of a table too large to count: one page ahead is all that is known, and old rows are reached by date."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import Manager, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from analytics.shapes import STATUSES
from llm.models import ApiKey, Model, Provider

NUMBER = re.compile("[0-9]{1,18}")
DEEPEST = 200
"""Pages; what lies behind them is faster to find by its date."""


class PageByPage(Paginator):  # type: ignore[type-arg]  # Django's takes no arguments at run time
    """Reads the page that is wanted and one row more, which tells whether another page follows."""

    def __init__(self, rows: QuerySet[Any], per_page: int, wanted: str) -> None:
        super().__init__(rows, per_page)
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else 1
        self._before = (min(max(number, 1), DEEPEST) - 1) * per_page

    @cached_property
    def seen(self) -> list[Any]:
        return list(self.object_list[self._before : self._before + self.per_page + 1])

    @cached_property
    def count(self) -> int:
        """Of the rows up to the end of this page, and one where more follow."""
        return self._before + len(self.seen)

    def page(self, number: Any) -> Page[Any]:
        number = self.validate_number(number)
        if (number - 1) * self.per_page != self._before:
            raise EmptyPage("Only the page that was asked for was read.")
        return Page(self.seen[: self.per_page], number, self)


class When(admin.SimpleListFilter):
    """Bounded unless somebody asks otherwise, so that a rare status does not search years."""

    title = "time"
    parameter_name = "when"
    RANGES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}
    BY_DEFAULT = timedelta(days=7)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("hour", "Past hour"), ("day", "Past day"), ("month", "Past 30 days"), ("all", "Any time")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Past 7 days"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == "all":
            return queryset
        since: datetime = timezone.now() - self.RANGES.get(chosen or "", self.BY_DEFAULT)
        return queryset.filter(created_at__gte=since)


class Exactly(admin.SimpleListFilter):
    """One value of a column, out of values that are known without reading the table."""

    known: Callable[[], list[str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in type(self).known()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


def names(registered: Manager[Any]) -> list[str]:
    return list(registered.order_by("name").values_list("name", flat=True))


class OfStatus(Exactly):
    title = parameter_name = "status"
    known = staticmethod(lambda: list(STATUSES))


class OfProvider(Exactly):
    title = parameter_name = "provider"
    known = staticmethod(lambda: names(Provider.objects))


class OfModel(Exactly):
    title = parameter_name = "model"
    known = staticmethod(lambda: names(Model.objects))


class OfKey(Exactly):
    """By its number: a name may come again in another organisation."""

    title = "key"
    parameter_name = "key_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        keys = ApiKey.objects.order_by("organisation__name", "name").values_list("pk", "organisation__name", "name")
        return [(str(number), f"{name} of {organisation}") for number, organisation, name in keys]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        number = self.value() or ""
        return queryset.filter(key_id=int(number)) if NUMBER.fullmatch(number) else queryset
