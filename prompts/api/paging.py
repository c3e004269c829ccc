"""Pages by keyset over a column that tells rows apart, such as a name or a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api import LARGEST_PAGE, PAGE
from analytics.parameters import Parameters
from llm.errors import InvalidField
from llm.types import JsonObject

LARGEST_ID = 2**63 - 1


def page(
    request: Request, said: Parameters, rows: QuerySet[Any], order: str, answer: Callable[[Any], JsonObject]
) -> Response:
    """`{results, next}` in `order`, the column's name, with a dash where the last come first."""
    column, direction = order.removeprefix("-"), "lt" if order.startswith("-") else "gt"
    limit = said.number("limit", most=LARGEST_PAGE) or PAGE
    if (cursor := said.text("cursor")) is not None:
        rows = rows.filter(**{f"{column}__{direction}": _place(rows, column, cursor)})
    held = list(rows.order_by(order)[: limit + 1])
    behind = _further(request, str(getattr(held[limit - 1], column))) if len(held) > limit else None
    return Response({"results": [answer(row) for row in held[:limit]], "next": behind})


def _place(rows: QuerySet[Any], column: str, cursor: str) -> str | int:
    if column == "name":
        return cursor
    if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= LARGEST_ID):
        raise InvalidField("Must be a cursor out of `next`, unchanged.", param="cursor")
    return int(cursor)


def _further(request: Request, cursor: str) -> str:
    query = {**request.query_params.dict(), "cursor": cursor}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"
