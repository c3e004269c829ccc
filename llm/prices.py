"""What an answer costs: dated rates times usage, in integer picodollars; unknown is None, never 0."""

from __future__ import annotations

from decimal import Decimal

from llm.registry import Price, Rates
from llm.types import Usage

PICODOLLARS = 10**12
HOUR_FOR_MINUTES = 8, 5
"""What is written to a cache for an hour costs 2 times the input, for the usual five minutes 1.25 times: Anthropic's
rates, the only vendor that tells them apart."""
USUAL_ANSWER = 500
"""Tokens of an answer that has no bound, where its cost is to be guessed."""


Charge = tuple[str, int, int | None]
"""What is paid for, how many tokens of it, and picodollars for each; None: that rate is unknown."""


def cost(usage: Usage, price: Price | None) -> int | None:
    """Picodollars for `usage`, cached and written tokens counted once; None where a rate that is needed is unknown."""
    if price is None:
        return None
    rates = price.rates_for(usage.prompt_tokens) if price.long_prompts else price
    total = 0
    for _, tokens, rate in charges(usage, rates):
        if not tokens:
            continue
        if rate is None:
            return None
        total += tokens * rate
    return total


def likely(price: Price | None, prompt_tokens: int, max_tokens: int | None) -> int | None:
    """Picodollars that a request to be sent will probably come to: its answer at its bound, or of the usual length."""
    return cost(Usage(prompt_tokens=prompt_tokens, completion_tokens=max_tokens or USUAL_ANSWER), price)


def most(prompt_tokens: int, completion_tokens: int, price: Price | None) -> int | None:
    """What so many tokens cost at most, whatever of them the vendor caches, and however many fewer it counts; None
    where a rate that may be needed is unknown."""
    if price is None:
        return None
    reachable = [price, *(rates for rates in price.long_prompts if rates.above < prompt_tokens)]
    lines = [line for rates in reachable for line in charges(Usage(), rates)]
    prompt = _dearest(prompt_tokens, [rate for name, _, rate in lines if name != "output"])
    completion = _dearest(completion_tokens, [rate for name, _, rate in lines if name == "output"])
    return None if prompt is None or completion is None else prompt + completion


def _dearest(tokens: int, rates: list[int | None]) -> int | None:
    known = [rate for rate in rates if rate is not None]
    if not tokens:
        return 0
    return tokens * max(known) if len(known) == len(rates) else None


def charges(usage: Usage, rates: Rates) -> tuple[Charge, ...]:
    """The lines of a bill: every token stands on one of them."""
    plain = max(usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    write = rates.input if rates.cache_write is None else rates.cache_write
    hour = min(usage.hour_write_tokens, usage.cache_write_tokens)
    return (
        ("input", plain, rates.input),
        ("cached", usage.cached_tokens, rates.input if rates.cached is None else rates.cached),
        ("cache_write", usage.cache_write_tokens - hour, write),
        ("hour_write", hour, None if write is None else write * HOUR_FOR_MINUTES[0] // HOUR_FOR_MINUTES[1]),
        ("output", usage.completion_tokens, rates.output),
    )


def added(*costs: int | None) -> int | None:
    """The sum; None where one of them is unknown."""
    total = 0
    for one in costs:
        if one is None:
            return None
        total += one
    return total


def dollars(picodollars: int | None) -> str | None:
    """A plain decimal string without exponent: 6000000 -> "0.000006"."""
    if picodollars is None:
        return None
    return format((Decimal(picodollars) / PICODOLLARS).normalize(), "f")


def per_token(dollars_per_million: Decimal) -> int:
    """Dollars per million tokens -> picodollars per token."""
    return int((dollars_per_million * PICODOLLARS / 1_000_000).to_integral_value())
