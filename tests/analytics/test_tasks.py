"""The daily tasks: what is too old goes, all else stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connections

from analytics import partitions, tasks
from analytics.models import RequestBody, RequestLog
from llm.call import created_at
from tests.analytics.logbook import identity, row, write


@pytest.fixture(autouse=True)
def beside(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks work on the test's database."""
    monkeypatch.setattr(tasks, "connection", connections[books])
    monkeypatch.setattr(RequestLog._default_manager, "_db", books)
    monkeypatch.setattr(RequestBody._default_manager, "_db", books)


def body(books: str, instant: datetime) -> None:
    name = identity(instant)
    partitions.ensure(connections[books], [partitions.month_of(instant)])
    RequestBody.objects.using(books).create(id=name, created_at=created_at(name), request={}, answer=None)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def test_bodies_go_after_their_days(books: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CHUNK", 2)
    settings.BODY_DAYS = 30
    for days in (29.9, 30.1, 30.2, 30.3, 400):
        body(books, ago(days=days))
    write(books, row(ago(days=400)))
    tasks.prune_bodies()
    assert RequestBody.objects.using(books).count() == 1
    assert RequestLog.objects.using(books).count() == 1


def test_records_go_by_whole_months(books: str, settings: LazySettings) -> None:
    settings.RECORD_MONTHS = 13
    first = partitions.later(partitions.month_of(datetime.now(UTC)), -13)
    cutoff = datetime(first.year, first.month, 1, tzinfo=UTC)
    for instant in (cutoff, cutoff - timedelta(milliseconds=1)):
        write(books, row(instant))
        body(books, instant)
    tasks.prune_records()
    assert [kept.created_at for kept in RequestLog.objects.using(books).all()] == [cutoff]
    assert [kept.created_at for kept in RequestBody.objects.using(books).all()] == [cutoff]


def test_zero_is_for_ever(books: str, settings: LazySettings) -> None:
    settings.BODY_DAYS = settings.RECORD_MONTHS = 0
    body(books, ago(days=4000))
    write(books, row(ago(days=4000)))
    assert tasks.prune_bodies() == tasks.prune_records() == 0
    assert RequestBody.objects.using(books).count() == RequestLog.objects.using(books).count() == 1


def test_the_coming_months_are_made(books: str) -> None:
    tasks.ensure_partitions()


@pytest.mark.parametrize("name", ["ensure_partitions", "prune_bodies", "prune_records"])
def test_beat_knows_each_task_by_its_name(settings: LazySettings, name: str) -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert getattr(tasks, name).name in scheduled
