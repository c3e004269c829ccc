"""Pages of records, newest first, by keyset: they stay stable while rows arrive and cost the same at any depth."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Q, QuerySet

from llm.errors import InvalidField

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CURSOR = re.compile("^[A-Za-z0-9_-]{32}$")
"""Eight bytes of microseconds and the sixteen of an id, in base64."""


@dataclass(slots=True, frozen=True)
class Cursor:
    """The last record of a page; the next one begins behind it."""

    created_at: datetime
    id: UUID

    def __str__(self) -> str:
        microseconds = (self.created_at - EPOCH) // MICROSECOND
        return urlsafe_b64encode(microseconds.to_bytes(8, "big") + self.id.bytes).decode()

    @classmethod
    def read(cls, said: str) -> Self:
        raw = urlsafe_b64decode(said) if CURSOR.fullmatch(said) else b""
        try:
            return cls(EPOCH + MICROSECOND * int.from_bytes(raw[:8], "big"), UUID(bytes=raw[8:]))
        except (ValueError, OverflowError):
            raise InvalidField("Must be a cursor out of `next`, unchanged.", param="cursor") from None


def newest(records: QuerySet[Any], *, limit: int, after: Cursor | None) -> tuple[list[Any], Cursor | None]:
    """Up to `limit` records behind `after`, and the cursor of the next page; None at the end."""
    if after is not None:
        behind = Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, id__lt=after.id)
        records = records.filter(behind, created_at__lte=after.created_at)
    rows = list(records.order_by("-created_at", "-id")[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.created_at, last.id)
