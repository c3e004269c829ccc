"""What is left of a limit, in the headers that vendors' clients read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil

from llm.limits.meters import Reading

SHOWN = {"requests_per_minute": "requests", "tokens_per_minute": "tokens"}


def limit_headers(readings: Iterable[Reading], now: datetime) -> dict[str, str]:
    """The tightest limit of each kind: for the clients of OpenAI, who want a duration, and those of Anthropic, who want
    the instant."""
    tightest: dict[str, Reading] = {}
    for reading in readings:
        kind = SHOWN.get(reading.demand.name)
        if kind is not None and (kind not in tightest or reading.remaining < tightest[kind].remaining):
            tightest[kind] = reading
    headers: dict[str, str] = {}
    for kind, reading in tightest.items():
        limit, remaining = str(reading.demand.most), str(reading.remaining)
        headers[f"x-ratelimit-limit-{kind}"] = limit
        headers[f"x-ratelimit-remaining-{kind}"] = remaining
        headers[f"x-ratelimit-reset-{kind}"] = duration(reading.reset)
        headers[f"anthropic-ratelimit-{kind}-limit"] = limit
        headers[f"anthropic-ratelimit-{kind}-remaining"] = remaining
        headers[f"anthropic-ratelimit-{kind}-reset"] = _instant(now + timedelta(seconds=ceil(reading.reset)))
    return headers


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """As the vendors write it: `12ms`, `1s`, `1.5s`, `6m0s`, `1h0m0s`; rounded up to the millisecond."""
    milliseconds = ceil(round(max(seconds, 0.0) * 1000, 3))
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    rest = f"{milliseconds / 1000:g}s"
    return f"{hours}h{minutes}m{rest}" if hours else f"{minutes}m{rest}" if minutes else rest
