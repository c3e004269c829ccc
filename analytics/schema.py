"""What the API's schema says of the books: which parameters, which answers, which refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from analytics.pages import CURSOR
from analytics.parameters import LONGEST
from analytics.queries import COLUMNS, DIMENSIONS
from analytics.shapes import (
    CACHE_OUTCOMES,
    STATUSES,
    RecordPageSerializer,
    UsageSerializer,
    WholeRecordSerializer,
)
from llm.surfaces.openapi.operations import IDENTITY, refusals

WITHOUT_NUL = r"^[^\x00]*$"


def parameter(name: str, about: str, **schema: Any) -> OpenApiParameter:
    said = {"type": "string", "maxLength": LONGEST, "pattern": WITHOUT_NUL, **schema}
    return OpenApiParameter(name, said, description=about)


INSTANT = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
SPAN = [
    OpenApiParameter("from", INSTANT, description="Included. What has no offset is read in `zone`."),
    OpenApiParameter("to", INSTANT, description="Likewise, but not included."),
    parameter("zone", "Where days begin, such as Europe/Paris; by default the organisation's zone."),
]
FILTERS = [
    *(parameter(name, f"Only this {name}.") for name in COLUMNS if name not in {"status", "version"}),
    OpenApiParameter("status", {"type": "string", "enum": STATUSES}, description="Only this status."),
    OpenApiParameter(
        "cache", {"type": "string", "enum": CACHE_OUTCOMES}, description="Only this outcome of the cache."
    ),
    OpenApiParameter("version", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, description="Of the prompt."),
]
GROUPS = f"^({'|'.join(DIMENSIONS)})(,({'|'.join(DIMENSIONS)}))*$"


REFUSED = (400, 401, 403, 405, 503)

usage = extend_schema(
    operation_id="usage",
    summary="Sums over the records, always current",
    description="The key's own requests; its organisation's with the scope `organisation`.",
    tags=["books"],
    parameters=[
        *IDENTITY,
        parameter("group_by", "One or more dimensions, with commas; by default provider and model.", pattern=GROUPS),
        *SPAN,
        *FILTERS,
    ],
    responses={200: OpenApiResponse(UsageSerializer, "One row for each group."), **refusals(*REFUSED, 422)},
)
request_list = extend_schema(
    operation_id="requests",
    summary="The records, newest first",
    description="The key's own requests; its organisation's with the scope `organisation`.",
    tags=["books"],
    parameters=[
        *IDENTITY,
        OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
        OpenApiParameter("cursor", {"type": "string", "pattern": CURSOR.pattern}, description="Out of `next`."),
        *SPAN,
        *FILTERS,
    ],
    responses={
        200: OpenApiResponse(RecordPageSerializer, "A page, and the way to the next."),
        **refusals(*REFUSED, 422),
    },
)
request = extend_schema(
    operation_id="request",
    summary="One record, with what was answered where that was kept",
    description="Of the requests that the list shows.",
    tags=["books"],
    parameters=[
        *IDENTITY,
        OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`gen_` and a UUID."),
    ],
    responses={200: OpenApiResponse(WholeRecordSerializer, "The record."), **refusals(*REFUSED, 404)},
)
