"""The base classes of every page in our admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest


class Desk(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's admins take no arguments at run time
    """`list_select_related` names what a list page shows of other rows, so that its queries do not grow with it."""

    list_per_page = 50
    show_full_result_count = False
    save_on_top = False


class Rows(admin.TabularInline):  # type: ignore[type-arg]  # as above
    """Parts of an object on its page."""

    extra = 0
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.related) if self.related else rows
