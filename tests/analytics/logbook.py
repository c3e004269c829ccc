"""Records written straight into the log's table, for tests that read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connections

from analytics.models import RequestLog
from analytics.partitions import ensure, month_of
from llm.call import Caller, created_at, new_id

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOLLAR = 10**12


def caller(**said: Any) -> Caller:
    defaults = {"key_id": 1, "key_name": "frontend", "organisation_id": 1, "organisation": "acme"}
    return Caller(**{**defaults, **said})


def identity(instant: datetime) -> UUID:
    """A new id of that instant."""
    milliseconds = int(instant.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (new_id().int & ((1 << 80) - 1)))


def row(instant: datetime = NOON, **said: Any) -> RequestLog:
    name = identity(instant)
    defaults: dict[str, Any] = {
        "id": name,
        "created_at": created_at(name),
        "status": "ok",
        "surface": "json",
        "dialect": "native",
        "organisation_id": 1,
        "key_id": 1,
        "purpose": "chat",
        "priority": "normal",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "cache": "off",
        "cost": DOLLAR,
        "latency_ms": 100.0,
    }
    return RequestLog(**{**defaults, **said})


def write(alias: str, *rows: RequestLog) -> None:
    ensure(connections[alias], {month_of(row.created_at) for row in rows})
    RequestLog.objects.using(alias).bulk_create(rows, batch_size=500)
