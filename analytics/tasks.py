"""What the log needs once a day: next months' partitions, and an end to what is older than it should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import connection

from analytics import partitions
from analytics.models import RequestBody, RequestLog

CHUNK = 5_000
"""Rows deleted in one transaction, so that nobody waits long behind it."""


@shared_task
def ensure_partitions() -> None:
    partitions.ensure(connection, partitions.coming(datetime.now(UTC)))


@shared_task
def prune_bodies() -> int:
    """Deletes bodies that are over BODY_DAYS old; says how many rows went one by one."""
    if not settings.BODY_DAYS:
        return 0
    return _prune(RequestBody, datetime.now(UTC) - timedelta(days=settings.BODY_DAYS))


@shared_task
def prune_records() -> int:
    """Deletes the records of the months before the last RECORD_MONTHS whole ones, with whatever bodies they have."""
    if not settings.RECORD_MONTHS:
        return 0
    month = partitions.later(partitions.month_of(datetime.now(UTC)), -settings.RECORD_MONTHS)
    cutoff = datetime(month.year, month.month, 1, tzinfo=UTC)
    return _prune(RequestBody, cutoff) + _prune(RequestLog, cutoff)


def _prune(model: type[RequestBody] | type[RequestLog], cutoff: datetime) -> int:
    """Whole partitions first, which costs nothing; the rest in chunks."""
    if connection.vendor == "postgresql":
        partitions.drop_before(connection, model._meta.db_table, cutoff)
    deleted = 0
    while old := list(model._default_manager.filter(created_at__lt=cutoff).values_list("pk", flat=True)[:CHUNK]):
        deleted += model._default_manager.filter(created_at__lt=cutoff, pk__in=old).delete()[0]
    return deleted
