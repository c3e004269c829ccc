"""Windows by the organisation's clocks, whatever these do at midnight."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.budgets import Period
from llm.periods import resets, window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "instant", "starts_at", "ends_at"),
    [
        ("day", "UTC", "2026-11-25T23:59:59", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("day", "Asia/Kathmandu", "2026-11-25T18:14:59", "2026-11-24T18:15", "2026-11-25T18:15"),
        ("day", "Asia/Kathmandu", "2026-11-25T18:15:00", "2026-11-25T18:15", "2026-11-26T18:15"),
        ("week", "Asia/Kathmandu", "2026-11-25T12:00", "2026-11-22T18:15", "2026-11-29T18:15"),
        ("month", "Asia/Kathmandu", "2026-11-30T18:14:59", "2026-10-31T18:15", "2026-11-30T18:15"),
        ("month", "Asia/Kathmandu", "2026-11-30T18:15:00", "2026-11-30T18:15", "2026-12-31T18:15"),
        ("day", "America/New_York", "2026-03-08T12:00", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("day", "America/New_York", "2026-11-01T12:00", "2026-11-01T04:00", "2026-11-02T05:00"),
        ("week", "America/New_York", "2026-11-01T12:00", "2026-10-26T04:00", "2026-11-02T05:00"),
        ("month", "America/New_York", "2026-11-15T00:00", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("day", "Australia/Lord_Howe", "2026-10-03T20:00", "2026-10-03T13:30", "2026-10-04T13:00"),
        ("day", "Australia/Lord_Howe", "2026-04-05T00:00", "2026-04-04T13:00", "2026-04-05T13:30"),
        ("month", "Europe/Paris", "2028-02-29T12:00", "2028-01-31T23:00", "2028-02-29T23:00"),
    ],
)
def test_a_window_is_that_of_the_local_calendar(
    period: Period, zone: str, instant: str, starts_at: str, ends_at: str
) -> None:
    found = window(period, at(instant), zone)
    assert (found.starts_at, found.ends_at) == (at(starts_at), at(ends_at))


def test_where_midnight_does_not_exist_the_day_begins_with_the_leap() -> None:
    """In Beirut, on the last Sunday of March, 00:00 is 01:00."""
    found = window("day", at("2026-03-29T12:00"), "Asia/Beirut")
    assert (found.starts_at, found.ends_at) == (at("2026-03-28T22:00"), at("2026-03-29T21:00"))
    assert found.starts_at.astimezone(ZoneInfo("Asia/Beirut")).time() == time(1)


def test_where_midnight_is_struck_twice_the_first_one_counts() -> None:
    """In Havana, on the first Sunday of November, 01:00 is 00:00 again; in St John's, once, 00:01 was 23:01."""
    found = window("day", at("2026-11-01T12:00"), "America/Havana")
    assert (found.starts_at, found.ends_at) == (at("2026-11-01T04:00"), at("2026-11-02T05:00"))
    again = window("day", at("2006-10-29T03:00"), "America/St_Johns")
    assert again.starts_at.astimezone(ZoneInfo("America/St_Johns")).day == 29


def test_a_day_that_the_calendar_skips_is_nobodys() -> None:
    """In Apia no 30 December 2011 was seen."""
    found = window("day", at("2011-12-30T09:59:59"), "Pacific/Apia")
    assert found.ends_at == at("2011-12-30T10:00")
    assert window("day", found.ends_at, "Pacific/Apia").starts_at == found.ends_at


def test_a_total_has_neither_beginning_nor_end_that_matters() -> None:
    found = window("total", at("2026-11-25T00:00"), "Asia/Kathmandu")
    assert found == window("total", at("2039-01-01T00:00"), "UTC")
    assert found.ends_at is None


ODD = ("Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "America/St_Johns", "Pacific/Apia")


@given(
    st.sampled_from([period for period in get_args(Period) if period != "total"]),
    st.sampled_from(ODD),
    st.integers(0, 40 * 365 * 86_400).map(lambda seconds: at("1990-01-01") + timedelta(seconds=seconds)),
)
def test_windows_lie_end_to_end(period: Period, zone: str, instant: datetime) -> None:
    found = window(period, instant, zone)
    assert found.ends_at is not None
    assert found.starts_at <= instant < found.ends_at
    assert window(period, found.starts_at, zone) == found
    assert window(period, found.ends_at - timedelta(microseconds=1), zone) == found
    assert window(period, found.ends_at, zone).starts_at == found.ends_at


def test_the_reset_is_told_by_the_clock_on_the_organisations_wall() -> None:
    ends_at = window("month", at("2026-11-25T12:00"), "Asia/Kathmandu").ends_at
    assert resets(ends_at, "Asia/Kathmandu") == "resets on 1 December, 00:00 (Asia/Kathmandu)"
    assert resets(None, "UTC") == "never resets"
    beirut = window("day", at("2026-03-28T12:00"), "Asia/Beirut").ends_at
    assert resets(beirut, "Asia/Beirut") == "resets on 29 March, 01:00 (Asia/Beirut)"
