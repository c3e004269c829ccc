"""A record's attempts as bars on one scale, and what came of each.

Rows of former versions do not tell when an attempt began: theirs stand one behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llm.prices import dollars

WAY = ("model", "provider", "upstream_model")
ENDS = {"ok": "it answered", "lost": "given up: another was faster", "skipped": "passed by"}
ASIDE = ("lost", "skipped")


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
    reason: str
    milliseconds: float
    queued: float
    begins: float
    width: float
    then: str
    cost: str

    @property
    def place(self) -> str:
        """For SVG, where a comma is no decimal point."""
        return f"{self.begins:.2f}%"

    @property
    def length(self) -> str:
        return f"{self.width:.2f}%"


def bars(row: Any) -> list[Bar]:
    stretches = spans(row.attempts)
    whole = max([row.latency_ms, *(end for _, end in stretches)]) or 1
    return [
        Bar(
            number=number,
            provider=said(attempt, "provider"),
            upstream_model=said(attempt, "upstream_model"),
            outcome=said(attempt, "outcome"),
            error=said(attempt, "error"),
            status=said(attempt, "status"),
            upstream_id=said(attempt, "upstream_id"),
            reason=said(attempt, "reason"),
            milliseconds=end - start,
            queued=float(attempt.get("queue_ms") or 0),
            begins=100 * start / whole,
            width=max(100 * (end - start) / whole, 0.4),
            then=then,
            cost=dollars(attempt.get("cost")) or "",
        )
        for number, (attempt, (start, end), then) in enumerate(
            zip(row.attempts, stretches, outcomes(row.attempts), strict=True), start=1
        )
    ]


def spans(attempts: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """When each began and ended, in milliseconds of the call."""
    stretches: list[tuple[float, float]] = []
    for attempt in attempts:
        behind = stretches[-1][1] if stretches else 0.0
        started, took = attempt.get("started_ms"), float(attempt.get("latency_ms") or 0)
        begin = behind if started is None else float(started)
        stretches.append((begin, begin + took))
    return stretches


def outcomes(attempts: list[dict[str, Any]]) -> Iterator[str]:
    """Where the call went after each attempt."""
    for position, attempt in enumerate(attempts):
        following = next((other for other in attempts[position + 1 :] if other.get("outcome") not in ASIDE), None)
        if (word := ENDS.get(said(attempt, "outcome"))) is not None:
            yield word
        elif following is None:
            yield "the call ended with it"
        elif all(attempt.get(part) == following.get(part) for part in WAY):
            yield "tried again"
        else:
            yield f"on to {said(following, 'provider')}, {said(following, 'upstream_model')}"


def rest(row: Any) -> float:
    """Milliseconds of the call in which no provider was at work."""
    busy = reached = 0.0
    for start, end in sorted(spans(row.attempts)):
        busy += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return max(float(row.latency_ms) - busy, 0.0)


def said(attempt: dict[str, Any], part: str) -> str:
    value = attempt.get(part)
    return "" if value is None else str(value)
