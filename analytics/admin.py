"""The log in the admin: to read, for nobody to write, and never counted."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from analytics.browsing import OfModel, OfProvider, OfStatus, PageByPage, When
from analytics.models import LogQuerySet, RequestBody, RequestLog
from llm.admin.desk import Desk
from llm.call import public_id
from llm.models import ApiKey, Organisation
from llm.prices import dollars

PUBLIC_ID = re.compile(r"(?:gen_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
LONGEST_BODY = 100_000
ATTEMPT = ("provider", "upstream_model", "outcome", "error", "status", "latency_ms")


@admin.register(RequestLog)
class RequestDesk(Desk):
    actions = None
    list_display = ("created_at", "status", "provider", "model", "key", "total_tokens", "paid", "took", "cache")
    list_display_links = ("created_at",)
    list_filter = (When, OfStatus, OfProvider, OfModel)
    list_max_show_all = 0
    ordering = ("-created_at", "-id")
    search_fields = ("id",)
    search_help_text = "An id (gen_…)."
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("identity", "created_at", "status", "http_status", "requests", "error")}),
        ("Who", {"fields": ("organisation", "key", "team", "user_id", "session_id", "request_id")}),
        (
            "What for",
            {"fields": ("surface", "dialect", "streamed", "purpose", "priority", "tags", "sources", "prompt_used")},
        ),
        (
            "By which way",
            {
                "fields": (
                    *("model", "provider", "upstream_model", "upstream_id", "cache", "finish_reason"),
                    *("attempts_made", "retries", "fallback_used", "warnings"),
                )
            },
        ),
        (
            "How much",
            {
                "fields": (
                    *("paid", "spared", "rates", "prompt_tokens", "completion_tokens", "total_tokens"),
                    *("cached_tokens", "cache_write_tokens", "reasoning_tokens", "usage_estimated"),
                )
            },
        ),
        ("How long, in milliseconds", {"fields": ("latency_ms", "first_token_ms", "queue_ms", "overhead_ms")}),
        ("What was said", {"fields": ("asked", "answered")}),
    )

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
        row = self._identified(request, object_id).first()
        if row is not None and request.user.has_perm("analytics.view_requestbody"):
            body = RequestBody.objects.filter(id=row.id, created_at=row.created_at).first()
            row.body = body  # type: ignore[attr-defined]  # shown beside it, and no column of it
        return row

    def _identified(self, request: HttpRequest, said: str) -> QuerySet[RequestLog]:
        rows = self.get_queryset(request)
        assert isinstance(rows, LogQuerySet)
        known = PUBLIC_ID.fullmatch(said.strip())
        try:
            return rows.identified(UUID(known[1])) if known else rows.none()
        except (ValueError, OverflowError):
            return rows.none()  # the instant inside the id is none

    @admin.display(description="id")
    def identity(self, row: RequestLog) -> str:
        return public_id(row.id)

    @admin.display(description="key")
    def key(self, row: Any) -> str:
        return row.key_name or (f"no. {row.key_id}" if row.key_id else "-")

    @admin.display(description="organisation")
    def organisation(self, row: Any) -> str:
        return row.organisation_name or (f"no. {row.organisation_id}" if row.organisation_id else "-")

    @admin.display(description="cost")
    def paid(self, row: RequestLog) -> str:
        return in_dollars(row.cost)

    @admin.display(description="saved by the cache")
    def spared(self, row: RequestLog) -> str:
        return in_dollars(row.saved)

    @admin.display(description="rates, picodollars per token")
    def rates(self, row: RequestLog) -> SafeString:
        return block(row.price)

    @admin.display(description="latency")
    def took(self, row: RequestLog) -> str:
        return f"{row.latency_ms:,.0f} ms"

    @admin.display
    def error(self, row: RequestLog) -> str:
        return ": ".join(part for part in (row.error_type, row.error_code, row.error_message) if part) or "-"

    @admin.display(description="prompt")
    def prompt_used(self, row: RequestLog) -> str:
        return f"{row.prompt}, version {row.prompt_version}" if row.prompt else "-"

    @admin.display(description="attempts")
    def attempts_made(self, row: RequestLog) -> SafeString | str:
        return table(row.attempts) if row.attempts else "none: no provider was asked"

    @admin.display(description="request")
    def asked(self, row: Any) -> SafeString | str:
        return said(row, "request")

    @admin.display(description="answer")
    def answered(self, row: Any) -> SafeString | str:
        return said(row, "answer")


def in_dollars(cost: int | None) -> str:
    """A dash where the price is unknown: nothing is not free."""
    amount = dollars(cost)
    return "-" if amount is None else f"{amount} USD"


def table(attempts: list[dict[str, Any]]) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((name,) for name in ATTEMPT))
    lines = format_html_join("", "<tr>{}</tr>", ((cells(attempt),) for attempt in attempts))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, lines)


def cells(attempt: dict[str, Any]) -> SafeString:
    return format_html_join("", "<td>{}</td>", ((attempt.get(name, ""),) for name in ATTEMPT))


def said(row: Any, side: str) -> SafeString | str:
    body = getattr(row, "body", None)
    return block(getattr(body, side)) if body is not None else "not kept, or not yours to read"


def block(value: Any) -> SafeString:
    """JSON to read; what models and users wrote in it stays text."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    cut = f"\n… and {len(text) - LONGEST_BODY:,} characters more" if len(text) > LONGEST_BODY else ""
    return format_html("<pre>{}</pre>", text[:LONGEST_BODY] + cut)
