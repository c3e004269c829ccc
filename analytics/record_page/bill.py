"""A record's cost, worked out line by line from its tokens and the rates that were written beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from llm.prices import charges, dollars
from llm.registry import Rates
from llm.types import Usage

NAMES = {
    "input": "Prompt",
    "cached": "Prompt, read from the vendor's cache",
    "cache_write": "Prompt, written into the vendor's cache",
    "hour_write": "Prompt, written into the vendor's cache for an hour",
    "output": "Completion",
}
USAGE = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens")
KNOWN_RATES = frozenset(field.name for field in fields(Rates))
MILLION = 10**6
DASH = "-"


@dataclass(frozen=True)
class Line:
    """`rate` and `amount` in picodollars; None where they are unknown, or no single rate led to the amount."""

    name: str
    tokens: int
    rate: int | None
    amount: int | None

    @property
    def rate_shown(self) -> str:
        """Dollars per million tokens."""
        return DASH if self.rate is None else in_dollars(self.rate * MILLION)

    @property
    def amount_shown(self) -> str:
        return in_dollars(self.amount)


def lines(row: Any) -> list[Line]:
    """Those with tokens on them; none where the record has no rates. Tries that were paid for beside the one that
    answered have a line each."""
    if not isinstance(row.price, dict):
        return []
    rates = Rates(**{name: rate for name, rate in row.price.items() if name in KNOWN_RATES})
    beside = [attempt for attempt in row.attempts if attempt.get("prompt_tokens")]
    answer = [
        Line(NAMES[kind], tokens, rate, None if rate is None else tokens * rate)
        for kind, tokens, rate in charges(_answering(row, beside), rates)
        if tokens
    ]
    return answer + [
        Line(_beside(attempt), attempt["prompt_tokens"] + attempt["completion_tokens"], None, attempt.get("cost"))
        for attempt in beside
    ]


def _answering(row: Any, beside: list[dict[str, Any]]) -> Usage:
    """The usage of the try that answered last: what broke off before it is counted in the row's."""
    hour = row.price.get("hour_write_tokens") or 0
    usage = Usage(**{name: getattr(row, name) for name in USAGE}, hour_write_tokens=hour)
    for attempt in beside:
        if attempt.get("outcome") != "lost":
            usage.prompt_tokens -= attempt["prompt_tokens"]
            usage.completion_tokens -= attempt["completion_tokens"]
    return usage


def _beside(attempt: dict[str, Any]) -> str:
    what = "Asked beside, and given up" if attempt.get("outcome") == "lost" else "Broke off, and was continued"
    return f"{what}: {attempt.get('provider')}, {attempt.get('upstream_model')}"


def notes(row: Any) -> list[str]:
    """What the figures alone do not say, in sentences."""
    found = [_why(row)]
    if isinstance(row.price, dict) and row.price.get("above"):
        found.append(f"The prompt is longer than {row.price['above']:,} tokens: these are the rates of long prompts.")
    if row.usage_estimated:
        found.append("The vendor sent no usage: the tokens are our estimate.")
    if row.reasoning_tokens:
        found.append(f"{row.reasoning_tokens:,} tokens of the completion are reasoning.")
    return [note for note in found if note]


def _why(row: Any) -> str:
    """Why the total is what it is, where the lines do not tell."""
    if row.cache == "hit":
        return "Answered from our cache: nothing is charged."
    if row.status == "interrupted":
        return "The process ended in the middle of the call: what it cost is not known, or is what was reserved for it."
    if row.cost is None:
        return "The price is unknown, which is not free: sums leave this call out and say so."
    if row.price is None:
        return "Nothing is charged: " + ("no answer was paid for." if row.attempts else "no provider was asked.")
    if sum(line.amount or 0 for line in lines(row)) != row.cost:
        return "The books say another sum than these rates come to."
    return ""


def in_dollars(picodollars: int | None) -> str:
    """Exact; a dash where the price is unknown: nothing is not free."""
    amount = dollars(picodollars)
    return DASH if amount is None else f"{amount} USD"
