"""The log in the admin: to read, for nobody to write, and never counted."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse

from analytics.browsing import OfKey, OfModel, OfProvider, OfStatus, PageByPage, When
from analytics.models import LogQuerySet, RequestLog
from analytics.record_page import Sheet
from analytics.record_page.bill import DASH, in_dollars
from analytics.record_page.facts import named
from llm.admin.desk import Desk
from llm.admin.own import own_page
from llm.models import ApiKey, Organisation

PUBLIC_ID = re.compile(r"(?:gen_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
GENERATE = "/api/v1/generate/"
"""Where a recorded request can be asked again: its body is kept in native words, whatever it came in."""


@admin.register(RequestLog)
class RequestDesk(Desk):
    actions = None
    list_display = ("instant", "status", "provider", "model", "key", "total_tokens", "paid", "took", "cache")
    list_display_links = ("instant",)
    list_filter = (When, OfStatus, OfProvider, OfModel, OfKey)
    list_max_show_all = 0
    ordering = ("-created_at", "-id")
    search_fields = ("id",)
    search_help_text = "An id (gen_…)."
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    @admin.display(description="created at (UTC)")
    def instant(self, row: RequestLog) -> str:
        return f"{row.created_at:%Y-%m-%d %H:%M:%S}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *_: Any, **__: Any) -> Paginator[Any]:
        return PageByPage(queryset, per_page, request.GET.get("p", "1"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestLog]:
        key = ApiKey.objects.filter(pk=OuterRef("key_id")).values("name")
        organisation = Organisation.objects.filter(pk=OuterRef("organisation_id")).values("name")
        rows: QuerySet[RequestLog] = super().get_queryset(request)
        return rows.annotate(key_name=Subquery(key), organisation_name=Subquery(organisation))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By id alone, wherever in time it lies: no other search stays cheap."""
        return (self._identified(request, search_term) if search_term else queryset), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> RequestLog | None:
        return self._identified(request, object_id).first()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A page of our own: it shows what models and users wrote."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            said: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
            return said  # that there is none; it leads back
        sheet = Sheet(row, request.user, request.build_absolute_uri(GENERATE))
        return own_page(request, "pages/record.html", {"title": sheet.name, "sheet": sheet, "row": row})

    def _identified(self, request: HttpRequest, said: str) -> QuerySet[RequestLog]:
        rows = self.get_queryset(request)
        assert isinstance(rows, LogQuerySet)
        known = PUBLIC_ID.fullmatch(said.strip())
        try:
            return rows.identified(UUID(known[1])) if known else rows.none()
        except (ValueError, OverflowError):
            return rows.none()  # the instant inside the id is none

    @admin.display(description="key")
    def key(self, row: Any) -> str:
        return named(row.key_name, row.key_id) or DASH

    @admin.display(description="cost")
    def paid(self, row: RequestLog) -> str:
        return in_dollars(row.cost)

    @admin.display(description="latency")
    def took(self, row: RequestLog) -> str:
        return f"{row.latency_ms:,.0f} ms"
