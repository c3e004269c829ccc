"""How fast a model answers: the same question many times, some at once, each timed from outside the gateway."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal

from llm.dialects import native
from llm.errors import GatewayError, InvalidField
from llm.prepare import check_provider, pinned, resolve
from llm.prices import cost
from llm.selection import AUTO
from llm.surfaces import python
from llm.surfaces.auth import identify
from llm.types import JsonObject, Usage
from llm.wiring import catalog, clock, house


@dataclass(slots=True, frozen=True)
class Plan:
    """`request` is of the native dialect."""

    request: JsonObject
    requests: int
    concurrency: int

    @property
    def most_tokens(self) -> int:
        return int(self.request["options"]["max_tokens"])


@dataclass(slots=True, frozen=True)
class Estimate:
    """What the plan takes at most; `cost` in picodollars for all of it, None where a price is unknown."""

    model: str
    prompt_tokens: int
    cost: int | None


@dataclass(slots=True, frozen=True)
class Sample:
    """One answer; times in seconds. `error` is the code of what went wrong."""

    error: str | None = None
    first_token: float | None = None
    took: float = 0.0
    tokens: int = 0
    cost: Decimal | None = None

    @property
    def tokens_a_second(self) -> float | None:
        """From the first token on; None where there is no time between it and the end."""
        writing = self.took - (self.first_token or 0.0)
        return self.tokens / writing if self.error is None and self.tokens and writing > 0 else None


async def estimate(plan: Plan, key: str) -> Estimate:
    """By the dearest route that may answer. Raises GatewayError where none may."""
    caller = await identify(key)
    request = native.parse_request(plan.request)
    snapshot = await asyncio.to_thread(catalog().snapshot)
    check_provider(request, snapshot)
    if request.model == AUTO or request.model in snapshot.tiers:
        raise InvalidField(f"{request.model} may be another model for each request: name one.", param="model")
    model = resolve(request, caller, snapshot)
    routes = pinned(request, model, snapshot) if request.provider else model.routes
    counted = await house().counter.count(request, model)
    usage = Usage(prompt_tokens=counted.tokens, completion_tokens=plan.most_tokens)
    costs = [cost(usage, route.price_at(clock().now())) for route in routes]
    known = [each for each in costs if each is not None]
    whole = max(known) * plan.requests if known and len(known) == len(costs) else None
    return Estimate(model.name, counted.tokens, whole)


async def measured(plan: Plan, key: str, *, each: Callable[[Sample], None]) -> list[Sample]:
    """Asks as planned; `each` hears of every answer as it ends."""
    left: Iterator[int] = iter(range(plan.requests))
    samples: list[Sample] = []

    async def work() -> None:
        for _ in left:
            samples.append(await _sample(plan.request, key))
            each(samples[-1])

    await asyncio.gather(*(work() for _ in range(min(plan.concurrency, plan.requests))))
    return samples


async def _sample(request: JsonObject, key: str) -> Sample:
    began, first = time.monotonic(), None
    answer: JsonObject = {}
    try:
        async with aclosing(python.astream(request, key=key)) as chunks:
            async for chunk in chunks:
                answer = chunk
                if first is None and "done" not in chunk:
                    first = time.monotonic() - began
    except GatewayError as error:
        return Sample(error.code, took=time.monotonic() - began)
    paid = answer["cost"]
    return Sample(
        first_token=first,
        took=time.monotonic() - began,
        tokens=answer["usage"]["completion_tokens"],
        cost=None if paid is None else Decimal(paid),
    )


def report(plan: Plan, model: str, samples: Sequence[Sample], seconds: float) -> JsonObject:
    """Times in milliseconds; a figure that nothing is known of is None. Tokens a second are those of one answer."""
    good = [sample for sample in samples if sample.error is None]
    costs = [sample.cost for sample in good]
    return {
        "model": model,
        "provider": plan.request.get("provider"),
        "requests": len(samples),
        "concurrency": plan.concurrency,
        "errors": dict(Counter(sample.error for sample in samples if sample.error is not None)),
        "first_token_ms": _figures([1000 * sample.first_token for sample in good if sample.first_token is not None]),
        "latency_ms": _figures([1000 * sample.took for sample in good]),
        "tokens_per_second": _figures([rate for sample in good if (rate := sample.tokens_a_second) is not None]),
        "completion_tokens": sum(sample.tokens for sample in good),
        "seconds": round(seconds, 3),
        "cost": None if None in costs else f"{sum((each for each in costs if each is not None), Decimal(0)):f}",
        "currency": "USD",
    }


def _figures(values: Sequence[float]) -> JsonObject:
    return {"p50": _percentile(values, 0.5), "p95": _percentile(values, 0.95)}


def _percentile(values: Sequence[float], share: float) -> float | None:
    """The least value that so many of them do not exceed."""
    return round(sorted(values)[math.ceil(share * len(values)) - 1], 1) if values else None
