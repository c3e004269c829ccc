"""How long a vendor asks us to wait, in every form that is in use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

LONGEST = 24 * 3600.0
"""Seconds; a vendor that asks for more is not waited for anyway."""


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, None where the vendor does not say or says nonsense. A date is held against the vendor's own clock."""
    said = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(said.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, LONGEST)
    seconds = _number(said.get("retry-after"))
    if seconds is None:
        seconds = _until(said.get("retry-after"), said.get("date"))
    return None if seconds is None else min(seconds, LONGEST)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None


def _until(value: str | None, now: str | None) -> float | None:
    instant = _date(value)
    if instant is None:
        return None
    return max((instant - (_date(now) or datetime.now(UTC))).total_seconds(), 0.0)


def _date(value: str | None) -> datetime | None:
    try:
        instant = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):  # the latter for a year, a day or an hour of twenty digits
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
