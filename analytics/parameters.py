"""Query strings read strictly: whatever is wrong with one is said with the parameter's name."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict

from analytics import zones
from llm.errors import InvalidField

LONGEST = 300
UNENCODED_PLUS = re.compile(r"(T[\d:.]+) (?=\d\d:?\d\d$)")
"""`+01:00` reaches us as a space from everyone who did not encode it."""


@dataclass(slots=True, frozen=True)
class Span:
    """From `since` up to and without `until`, both in UTC; `zone` is where days begin."""

    since: datetime
    until: datetime
    zone: ZoneInfo


class Parameters:
    """One query string. Every reader returns None for what was not said and raises `InvalidField` for what is wrong."""

    def __init__(self, query: QueryDict, known: Collection[str]) -> None:
        self._query = query
        for name, said in query.lists():
            if name not in known:
                raise InvalidField(f"Unknown parameter; known are {', '.join(known)}.", param=name[:LONGEST])
            if len(said) > 1:
                raise InvalidField("Given more than once.", param=name)

    def text(self, name: str) -> str | None:
        said = self._query.get(name)
        if said is not None and ("\x00" in said or len(said) > LONGEST):
            raise InvalidField(f"Must be at most {LONGEST} characters, none of them NUL.", param=name)
        return said

    def number(self, name: str, *, most: int) -> int | None:
        """A whole number from 1 to `most`."""
        said = self.text(name)
        if said is None:
            return None
        if not (said.isascii() and said.isdigit() and 1 <= int(said) <= most):
            raise InvalidField(f"Must be a whole number from 1 to {most}.", param=name)
        return int(said)

    def choice(self, name: str, among: Collection[str]) -> str | None:
        said = self.text(name)
        if said is not None and said not in among:
            raise InvalidField(f"Must be one of {', '.join(among)}.", param=name)
        return said

    def choices(self, name: str, among: Collection[str]) -> tuple[str, ...]:
        """Several with commas, each counted once; none said is none."""
        said = self._query.get(name)
        chosen = tuple(dict.fromkeys(said.split(","))) if said is not None else ()
        if not set(chosen) <= set(among):
            raise InvalidField(f"Must be one or more, with commas, of {', '.join(among)}.", param=name)
        return chosen

    def zone(self, default: str) -> ZoneInfo:
        said = self.text("zone")
        if said is not None and said not in zones.names():
            raise InvalidField("Must be a time zone such as Europe/Paris or UTC.", param="zone")
        return ZoneInfo(said or default)

    def instant(self, name: str, zone: ZoneInfo) -> datetime | None:
        """ISO 8601; without an offset it is read in `zone`, a date alone is its midnight there.

        What lies before or after every record there can be is brought near: dates have no room beyond year 9999.
        """
        said = self.text(name)
        if said is None:
            return None
        try:
            read = datetime.fromisoformat(UNENCODED_PLUS.sub(r"\1+", said))
        except ValueError:
            raise InvalidField("Must be a date or an instant such as 2026-11-20T12:00:00Z.", param=name) from None
        if not zones.FIRST.year < read.year < zones.LAST.year:
            return zones.FIRST if read.year <= zones.FIRST.year else zones.LAST
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)

    def span(self, zone: ZoneInfo, now: datetime) -> Span:
        """`from` and `to`; by default the month that `to` ends in, and this month."""
        since, until = self.instant("from", zone), self.instant("to", zone)
        if since is not None and until is not None and since >= until:
            raise InvalidField("Must lie after `from`: the span ends just before `to`.", param="to")
        if until is None:
            until = zones.next_month(now, zone)
        return Span(since or zones.month_before(until, zone), until, zone)
