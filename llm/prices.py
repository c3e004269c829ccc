"""What an answer costs: dated rates times usage, in integer picodollars; unknown is None, never 0."""

from __future__ import annotations

from decimal import Decimal

from llm.registry import Price
from llm.types import Usage

PICODOLLARS = 10**12


def cost(usage: Usage, price: Price | None) -> int | None:
    """Picodollars for `usage`, cached and written tokens counted once; None where a rate that is needed is unknown."""
    if price is None:
        return None
    plain = max(usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    total = 0
    for tokens, rate in (
        (plain, price.input),
        (usage.cached_tokens, price.input if price.cached is None else price.cached),
        (usage.cache_write_tokens, price.input if price.cache_write is None else price.cache_write),
        (usage.completion_tokens, price.output),
    ):
        if not tokens:
            continue
        if rate is None:
            return None
        total += tokens * rate
    return total


def dollars(picodollars: int | None) -> str | None:
    """A plain decimal string without exponent: 6000000 -> "0.000006"."""
    if picodollars is None:
        return None
    return format((Decimal(picodollars) / PICODOLLARS).normalize(), "f")


def per_token(dollars_per_million: Decimal) -> int:
    """Dollars per million tokens -> picodollars per token."""
    return int((dollars_per_million * PICODOLLARS / 1_000_000).to_integral_value())
