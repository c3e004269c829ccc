"""What vendors tell besides answers: the models they offer, and what is left of their limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from typing import Any, Literal

from llm.errors import ProviderBroken

Kind = Literal["requests", "tokens"]
PREFIXES: dict[Kind, tuple[str, ...]] = {
    "requests": ("x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}", "x-ratelimit-{}"),
    "tokens": ("x-ratelimit-{}-tokens", "anthropic-ratelimit-tokens-{}"),
}
"""Where a limit may stand, the most telling first."""
WHOLE = re.compile(r"\d{1,18}", re.ASCII)
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

EPOCH = 1e9
"""A number from here on is no span but an instant: in seconds, from a thousand times as much on in milliseconds."""
LONGEST = 31 * 24 * 3600.0
"""Seconds; no vendor counts longer than a month."""


@dataclass(slots=True, frozen=True)
class Allowance:
    """What is left of a limit; `reset` in seconds from now."""

    limit: int
    remaining: int
    reset: float | None = None


def parse_models(body: object) -> tuple[str, ...]:
    """The names in a listing of models, in the vendor's order. Raises ProviderBroken for what is none."""
    listed = body if isinstance(body, list) else None
    if isinstance(body, dict):
        listed = next((body[name] for name in ("data", "models") if isinstance(body.get(name), list)), None)
    if listed is None:
        raise ProviderBroken("The provider's list of models is none.")
    return tuple(name for entry in listed if (name := _name(entry)))


def _name(entry: Any) -> str:
    said = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
    return said.removeprefix("models/") if isinstance(said, str) else ""


def parse_allowance(headers: Mapping[str, str], now: datetime, kind: Kind = "requests") -> Allowance | None:
    """The limit of that kind that the headers of an answer tell of; None where they are silent about it."""
    for prefix in PREFIXES[kind]:
        limit, remaining = (_whole(headers.get(prefix.format(word))) for word in ("limit", "remaining"))
        if limit is not None and remaining is not None:
            return Allowance(limit, remaining, _span(headers.get(prefix.format("reset")), now))
    return None


def _whole(value: str | None) -> int | None:
    return int(value) if value and WHOLE.fullmatch(value) else None


def _span(value: str | None, now: datetime) -> float | None:
    seconds = _seconds(value or "", now)
    return None if seconds is None or isnan(seconds) else min(max(seconds, 0.0), LONGEST)


def _seconds(value: str, now: datetime) -> float | None:
    """From `6m0s`, from a number, or from an instant."""
    if parts := SPAN.findall(value):
        return sum(float(number) * SECONDS[unit] for number, unit in parts)
    with suppress(ValueError):
        number = float(value)
        return number if number < EPOCH else number / (1 if number < 1000 * EPOCH else 1000) - now.timestamp()
    with suppress(ValueError):
        instant = datetime.fromisoformat(value)
        return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now).total_seconds()
    return None
