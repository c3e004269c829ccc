"""Hours, days and months of a time zone, worked out alike by SQLite and PostgreSQL.

The zone's offsets are looked up here and travel as numbers, so neither database's own zone tables have a say, the two
hours that share a name in autumn stay apart, and zones of half and quarter hours come out right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import BigIntegerField, Case, CharField, Expression, F, Func, Value, When

STEP = timedelta(days=7)
"""Between two looks for a change of offset; no zone changed twice within a week since 1970."""

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()


@cache
def names() -> frozenset[str]:
    """`localtime` names this machine's zone, not one that an answer could be read in."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


class Epoch(Func):
    """An instant as whole seconds since 1970."""

    output_field = BigIntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "CAST(STRFTIME('%%%%s', %(expressions)s) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **extra)


class YearMonth(Func):
    """`2026-11`, of seconds since 1970 that were moved to a zone."""

    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "TO_CHAR(TO_TIMESTAMP(%(expressions)s) AT TIME ZONE 'UTC', 'YYYY-MM')"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "STRFTIME('%%%%Y-%%%%m', %(expressions)s, 'unixepoch')"
        return self.as_sql(compiler, connection, template=template, **extra)


def local_seconds(instant: str, zone: ZoneInfo, since: datetime, until: datetime) -> Expression:
    """The field `instant` as seconds since 1970 on the wall clock of `zone`; right from `since` to `until`."""
    (_, first), *later = offsets(zone, since, until)
    changes = [When(**{f"{instant}__gte": begins}, then=Value(offset)) for begins, offset in reversed(later)]
    shift = Case(*changes, default=Value(first), output_field=BigIntegerField())
    return Epoch(F(instant)) + shift


def hour_start(instant: str, local: Expression) -> Expression:
    """The instant at which the local hour began, as seconds since 1970."""
    return Epoch(F(instant)) - local % Value(3600)


def day_number(local: Expression) -> Expression:
    return local / Value(86_400)


def read_hour(seconds: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat()


def read_day(number: int, zone: ZoneInfo) -> str:
    return date.fromordinal(EPOCH_DAY + number).isoformat()


def read_month(name: str, zone: ZoneInfo) -> str:
    return name


def next_month(instant: datetime, zone: ZoneInfo) -> datetime:
    """When the month after that of `instant` begins in `zone`, in UTC."""
    local = instant.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month, 12)
    return datetime(year, month + 1, 1, tzinfo=zone).astimezone(UTC)


def month_before(instant: datetime, zone: ZoneInfo) -> datetime:
    """When the month that runs up to `instant` began in `zone`, in UTC."""
    local = (instant - timedelta(microseconds=1)).astimezone(zone)
    return datetime(local.year, local.month, 1, tzinfo=zone).astimezone(UTC)


def offsets(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, int]]:
    """Each offset from UTC in seconds and when it began, oldest first; the first one holds at `since`."""
    at = min(max(since, FIRST), LAST)
    until = min(max(until, at), LAST)
    current = offset(zone, at)
    yield at, current
    while at < until:
        ahead = min(at + STEP, until)
        if (new := offset(zone, ahead)) != current:
            yield change_between(zone, at, ahead), new
            current = new
        at = ahead


def change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the offset of `after` began."""
    wanted = offset(zone, after)
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, datetime.fromtimestamp(middle, UTC)) == wanted:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def offset(zone: ZoneInfo, instant: datetime) -> int:
    shift = instant.astimezone(zone).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())


Reader = Callable[[Any, ZoneInfo], str]
