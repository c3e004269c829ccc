"""The books over HTTP: `usage/` sums them up, `requests/` reads them line by line."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import answers, schema
from analytics.models import LogQuerySet, RequestBody, RequestLog
from analytics.pages import Cursor, newest
from analytics.parameters import Parameters
from analytics.queries import BY_DEFAULT, COLUMNS, DIMENSIONS, Question, key_names, matching, time_zone, usage
from analytics.shapes import CACHE_OUTCOMES, STATUSES
from llm.call import Caller
from llm.errors import NotFound
from llm.surfaces.auth import caller_of, requires
from llm.surfaces.views import ResourceView

SPAN = ("from", "to", "zone")
FILTERS = (*COLUMNS, "cache")
PUBLIC_ID = re.compile(r"gen_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
PAGE, LARGEST_PAGE = 50, 1000


class UsageView(ResourceView):
    permission_classes = [requires("usage")]

    @schema.usage
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        said = Parameters(request.query_params, ("group_by", *SPAN, *FILTERS))
        span = said.span(said.zone(time_zone(caller)), timezone.now())
        grouped = said.choices("group_by", DIMENSIONS) or BY_DEFAULT
        rows = usage(RequestLog.objects.of(caller), Question(span, grouped, filters(said)))
        return Response({"results": rows, "from": span.since, "to": span.until, "zone": span.zone.key})


class RequestListView(ResourceView):
    permission_classes = [requires("requests")]

    @schema.request_list
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        said = Parameters(request.query_params, ("limit", "cursor", *SPAN, *FILTERS))
        records = matching(between(RequestLog.objects.of(caller), said, caller), filters(said))
        cursor = said.text("cursor")
        rows, behind = newest(
            records,
            limit=said.number("limit", most=LARGEST_PAGE) or PAGE,
            after=Cursor.read(cursor) if cursor is not None else None,
        )
        keys = key_names(row.key_id for row in rows)
        found = [answers.summary(row, keys.get(row.key_id)) for row in rows]
        return Response({"results": found, "next": behind and next_page(request, behind)})


class RequestView(ResourceView):
    permission_classes = [requires("requests")]

    @schema.request
    def get(self, request: Request, id: str) -> Response:
        row = find(RequestLog.objects.of(caller_of(request)), id)
        body = RequestBody.objects.filter(id=row.id, created_at=row.created_at).first()
        key = key_names([row.key_id]).get(row.key_id)
        return Response(answers.detail(row, key, body.answer if body else None))


def find(records: LogQuerySet, name: str) -> RequestLog:
    """Somebody else's record is as unknown as one that never was."""
    known = PUBLIC_ID.fullmatch(name)
    try:
        row = records.identified(UUID(known[1])).first() if known else None
    except (ValueError, OverflowError):
        row = None  # the instant inside the id is none
    if row is None:
        raise NotFound("There is no request with this id.", param="id")
    return row


def filters(said: Parameters) -> dict[str, Any]:
    """The values wanted, by dimension."""
    wanted: dict[str, Any] = {name: said.text(name) for name in FILTERS}
    wanted["version"] = said.number("version", most=2**31 - 1)
    wanted["status"] = said.choice("status", STATUSES)
    wanted["cache"] = said.choice("cache", CACHE_OUTCOMES)
    return {name: value for name, value in wanted.items() if value is not None}


def between(records: LogQuerySet, said: Parameters, caller: Caller) -> LogQuerySet:
    """From `from` up to and without `to`; both may be left open."""
    zone = said.zone(time_zone(caller))
    if since := said.instant("from", zone):
        records = records.filter(created_at__gte=since)
    if until := said.instant("to", zone):
        records = records.filter(created_at__lt=until)
    return records


def next_page(request: Request, behind: Cursor) -> str:
    query = request.query_params.copy()
    query["cursor"] = str(behind)
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
