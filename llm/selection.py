"""The choice of a model, where the caller leaves it to us: the cheapest of those that meet the requirements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from llm import prices, tokens
from llm.call import Call
from llm.errors import InvalidField
from llm.needs import may_use, needs, path, serves
from llm.registry import ModelSpec, RouteSpec, Snapshot
from llm.types import Request, Requirements

AUTO = "auto"
UNKNOWN = 100.0
"""What is not known is missed by so much."""
MOST_OTHERS = 3
"""Models that are fallen back on."""


class Speed(Protocol):
    def __call__(self, route: RouteSpec, *, streamed: bool) -> float | None:
        """Seconds until its answers begin; None where nothing was seen."""


def unobserved(route: RouteSpec, *, streamed: bool) -> float | None:
    return None


@dataclass(slots=True, frozen=True)
class Selection:
    """`others` meet the requirements too, and are asked if the chosen one fails."""

    model: ModelSpec
    others: list[ModelSpec]


@dataclass(slots=True, frozen=True)
class Failure:
    """In words; `by` how much what there is would have to grow, or shrink: 2 is twofold."""

    words: str
    by: float


@dataclass(slots=True)
class Offer:
    """A model as it stands before one request: picodollars and seconds, None where unknown; `failures` are the
    requirements it does not meet, by their names."""

    model: ModelSpec
    cost: int | None
    seconds: float | None
    failures: dict[str, Failure] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[bool, int, int, float, str]:
        """Cheapest first; of the same price the best, then the fastest."""
        unseen = float("inf")
        seconds = unseen if self.seconds is None else self.seconds
        return self.cost is None, self.cost or 0, -(self.model.quality or 0), seconds, self.model.name


def select(
    call: Call, snapshot: Snapshot, max_tokens: int | None, *, today: date, speed: Speed = unobserved
) -> Selection | None:
    """None where the caller named a model. `max_tokens` bounds an answer that the request does not.

    Raises InvalidField for requirements that nothing meets, or that belong to no choice.
    """
    request, name = call.request, call.request.model or ""
    wanted = (request.requirements or Requirements()) if name == AUTO else snapshot.tiers.get(name)
    if wanted is None or name in snapshot.models:
        if request.requirements is not None:
            where = path(request, "requirements")
            raise InvalidField(f"{where}: only the model {AUTO} is chosen by requirements.", param=where)
        return None
    prompt = tokens.estimate_request(request)
    offers = list(_offers(call, snapshot, prompt, max_tokens, today, speed))
    for offer in offers:
        offer.failures = dict(_failures(request, prompt, offer, wanted))
    meeting = sorted((offer for offer in offers if not offer.failures), key=lambda offer: offer.rank)
    if not meeting:
        raise _unmet(call, offers)
    chosen, *others = meeting
    call.record.selection = _reason(name, chosen, others)
    return Selection(chosen.model, [other.model for other in others[:MOST_OTHERS]])


def _offers(
    call: Call, snapshot: Snapshot, prompt: int, max_tokens: int | None, today: date, speed: Speed
) -> Iterator[Offer]:
    """The models that the key may use and that are not retired. A model costs what its dearest route does: any of
    them may be taken."""
    request = call.request
    answer = request.options.max_tokens or max_tokens
    for model in {model.name: model for model in snapshot.models.values()}.values():
        routes = [route for route in model.routes if serves(request, route) and _is_wanted(request.provider, route)]
        retired = model.retires_on is not None and model.retires_on <= today
        if not routes or retired or not may_use(call.caller, model.name):
            continue
        bound = min(filter(None, (answer, model.max_output_tokens)), default=None)
        costs = [prices.likely(route.price_at(call.record.created_at), prompt, bound) for route in routes]
        known = [cost for cost in costs if cost is not None]
        dearest = max(known) if len(known) == len(costs) else None
        yield Offer(model, dearest, _seconds(model, routes, streamed=request.stream, speed=speed))


def _seconds(model: ModelSpec, routes: list[RouteSpec], *, streamed: bool, speed: Speed) -> float | None:
    """Until its answers begin, of the slowest route that may be asked first."""
    lowest = min(route.order for route in routes)
    first = [route for route in routes if model.strategy != "ordered" or route.order == lowest]
    seen = [seconds for route in first if (seconds := speed(route, streamed=streamed)) is not None]
    return (min if model.strategy == "fastest" else max)(seen, default=None)


def _is_wanted(provider: str | None, route: RouteSpec) -> bool:
    return provider is None or route.provider.name == provider


def _failures(request: Request, prompt: int, offer: Offer, wanted: Requirements) -> Iterator[tuple[str, Failure]]:
    model = offer.model
    lacks = sorted((wanted.capabilities | set(needs(request))) - model.capabilities) if model.capabilities else []
    if lacks:
        yield "capabilities", Failure(f"it does not offer {', '.join(lacks)}", 1.0 + len(lacks))
    needed = prompt + (request.options.max_tokens or 0)
    window = max(wanted.context_window or 0, needed if model.context_window else 0)
    if failure := _short(model.context_window, window, "its window is {}, wanted {} tokens"):
        yield "context_window", failure
    if failure := _short(model.quality, wanted.min_quality, "its quality is {}, wanted {}"):
        yield "min_quality", failure
    most, cost = wanted.max_cost, offer.cost
    if most is not None and (cost is None or cost > most):
        said = "of unknown price" if cost is None else f"about {prices.dollars(cost)} USD"
        by = UNKNOWN if cost is None else cost / max(most, 1)
        yield "max_cost", Failure(f"the request would be {said}, wanted at most {prices.dollars(most)}", by)
    limit, seconds = wanted.max_latency_ms, offer.seconds
    if limit is not None and seconds is not None and seconds * 1000 > limit:
        said = f"its answers began after {seconds * 1000:.0f} ms of late, wanted {limit:g}"
        yield "max_latency_ms", Failure(said, seconds * 1000 / limit)


def _short(there: int | None, wanted: int | None, words: str) -> Failure | None:
    if not wanted or (there is not None and there >= wanted):
        return None
    return Failure(words.format(there or "unknown", wanted), wanted / there if there else UNKNOWN)


def _unmet(call: Call, offers: list[Offer]) -> InvalidField:
    where = path(call.request, "requirements")
    if not offers:
        return InvalidField("There is no model that this key may use and that serves such a request.", param="model")
    nearest = min(offers, key=lambda offer: sum(failure.by for failure in offer.failures.values()))
    told = "; ".join(f"{name}: {failure.words}" for name, failure in nearest.failures.items())
    return InvalidField(
        f"No model meets the requirements. The nearest is {nearest.model.name}, but {told}.",
        param=f"{where}.{next(iter(nearest.failures))}",
        code="requirements_unmet",
    )


def _reason(name: str, chosen: Offer, others: list[Offer]) -> str:
    cost = "of unknown price" if chosen.cost is None else f"about {prices.dollars(chosen.cost)} USD"
    if not others:
        return f"{name}: {chosen.model.name}, the only model that meets the requirements, {cost}"
    same = [other for other in others if other.cost == chosen.cost]
    best = f", the best of {len(same) + 1} at that price" if same else ""
    return f"{name}: {chosen.model.name}, the cheapest of {len(others) + 1} that meet the requirements, {cost}{best}"
