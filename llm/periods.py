"""When a budget's window begins and ends: days, weeks and months by the organisation's clocks, as instants in UTC.

Windows lie end to end, whatever the clocks do: a day begins with the first instant that has its date, be midnight
skipped or struck twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from llm.budgets import Period

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(slots=True, frozen=True)
class Window:
    """From `starts_at` to just before `ends_at` (None: never), both in UTC."""

    starts_at: datetime
    ends_at: datetime | None


def window(period: Period, instant: datetime, time_zone: str) -> Window:
    """The one that `instant` lies in."""
    if period == "total":
        return Window(SINCE_EVER, None)
    zone = ZoneInfo(time_zone)
    first = _first_day(period, instant.astimezone(zone).date())
    found = _between(first, _next(period, first), zone)
    if found.ends_at is not None and found.ends_at <= instant:  # the clock was set back over midnight
        first = _next(period, first)
        found = _between(first, _next(period, first), zone)
    return found


def resets(ends_at: datetime | None, time_zone: str) -> str:
    """In words: "resets on 1 December, 00:00 (Asia/Kathmandu)"."""
    if ends_at is None:
        return "never resets"
    local = ends_at.astimezone(ZoneInfo(time_zone))
    return f"resets on {local.day} {local:%B, %H:%M} ({time_zone})"


def _first_day(period: Period, day: date) -> date:
    match period:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
    return day


def _next(period: Period, first: date) -> date:
    match period:
        case "week":
            return first + timedelta(days=7)
        case "month":
            return (first + timedelta(days=31)).replace(day=1)
    return first + DAY


def _between(first: date, following: date, zone: ZoneInfo) -> Window:
    return Window(_beginning(first, zone), _beginning(following, zone))


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """The first instant whose date there is `day`, or a later one where the calendar skips that day."""
    midnight = datetime.combine(day, time.min, zone)
    found = midnight.astimezone(UTC)
    early = midnight.replace(fold=1).astimezone(UTC)
    if early >= found:
        return found
    # Midnight does not exist: the clock leaps over it somewhere between the two.
    while found - early > SECOND:
        middle = early + (found - early) // 2
        early, found = (early, middle) if middle.astimezone(zone).date() >= day else (middle, found)
    return found.replace(microsecond=0)
