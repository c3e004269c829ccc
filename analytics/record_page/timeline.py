"""A record's attempts as bars, one behind the other, and what came of each.

The log keeps how long each took, not when it began: the pauses between them, and our own work, are one rest at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

WAY = ("model", "provider", "upstream_model")


@dataclass(frozen=True)
class Bar:
    """`begins` and `width` in percent of the whole call."""

    number: int
    provider: str
    upstream_model: str
    outcome: str
    error: str
    status: str
    upstream_id: str
    milliseconds: float
    begins: float
    width: float
    then: str

    @property
    def place(self) -> str:
        """For SVG, where a comma is no decimal point."""
        return f"{self.begins:.2f}%"

    @property
    def length(self) -> str:
        return f"{self.width:.2f}%"


def bars(row: Any) -> list[Bar]:
    took = [float(attempt.get("latency_ms") or 0) for attempt in row.attempts]
    whole = max(row.latency_ms, sum(took)) or 1
    begun = accumulate(took, initial=0.0)
    return [
        Bar(
            number=number,
            provider=said(attempt, "provider"),
            upstream_model=said(attempt, "upstream_model"),
            outcome=said(attempt, "outcome"),
            error=said(attempt, "error"),
            status=said(attempt, "status"),
            upstream_id=said(attempt, "upstream_id"),
            milliseconds=ms,
            begins=100 * before / whole,
            width=max(100 * ms / whole, 0.4),
            then=then,
        )
        for number, (attempt, ms, before, then) in enumerate(
            zip(row.attempts, took, begun, outcomes(row.attempts), strict=False), start=1
        )
    ]


def outcomes(attempts: list[dict[str, Any]]) -> Iterator[str]:
    """Where the call went after each attempt."""
    for attempt, following in zip(attempts, [*attempts[1:], None], strict=True):
        if following is None:
            yield "it answered" if attempt.get("outcome") == "ok" else "the call ended with it"
        elif all(attempt.get(part) == following.get(part) for part in WAY):
            yield "tried again"
        else:
            yield f"on to {said(following, 'provider')}, {said(following, 'upstream_model')}"


def rest(row: Any) -> float:
    """Milliseconds of the call in which no provider was at work."""
    return max(float(row.latency_ms) - sum(float(attempt.get("latency_ms") or 0) for attempt in row.attempts), 0.0)


def said(attempt: dict[str, Any], part: str) -> str:
    value = attempt.get(part)
    return "" if value is None else str(value)
