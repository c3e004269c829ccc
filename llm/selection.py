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
from llm.types import Requirements

AUTO = "auto"
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


@dataclass(slots=True)
class Offer:
    """A model as it stands before one request: picodollars and seconds, None where unknown; `failures` are the
    requirements it does not meet, in words by their names."""

    model: ModelSpec
    cost: int | None
    seconds: float | None
    failures: dict[str, str] = field(default_factory=dict)

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
    offers = list(_offers(call, snapshot, max_tokens, today, speed))
    for offer in offers:
        offer.failures = dict(_failures(call, offer, wanted))
    meeting = sorted((offer for offer in offers if not offer.failures), key=lambda offer: offer.rank)
    if not meeting:
        raise _unmet(call, offers)
    chosen, *others = meeting
    call.record.selection = _reason(name, chosen, others)
    return Selection(chosen.model, [other.model for other in others[:MOST_OTHERS]])


def _offers(call: Call, snapshot: Snapshot, max_tokens: int | None, today: date, speed: Speed) -> Iterator[Offer]:
    """The models that the key may use and that are not retired. A model costs what its dearest route does: any of
    them may be taken."""
    request = call.request
    prompt = tokens.estimate_request(request)
    answer = request.options.max_tokens or max_tokens
    for model in {model.name: model for model in snapshot.models.values()}.values():
        routes = [route for route in model.routes if serves(request, route) and _is_wanted(request.provider, route)]
        retired = model.retires_on is not None and model.retires_on <= today
        if not routes or retired or not may_use(call.caller, model.name):
            continue
        bound = min(filter(None, (answer, model.max_output_tokens)), default=None)
        costs = [prices.likely(route.price_at(call.record.created_at), prompt, bound) for route in routes]
        seen = [seconds for route in routes if (seconds := speed(route, streamed=request.stream)) is not None]
        known = [cost for cost in costs if cost is not None]
        yield Offer(model, max(known) if len(known) == len(costs) else None, min(seen, default=None))


def _is_wanted(provider: str | None, route: RouteSpec) -> bool:
    return provider is None or route.provider.name == provider


def _failures(call: Call, offer: Offer, wanted: Requirements) -> Iterator[tuple[str, str]]:
    model, request = offer.model, call.request
    lacks = sorted((wanted.capabilities | set(needs(request))) - model.capabilities) if model.capabilities else []
    if lacks:
        yield "capabilities", f"it does not offer {', '.join(lacks)}"
    window = model.context_window
    if wanted.context_window is not None and (window is None or window < wanted.context_window):
        yield "context_window", f"it holds {_known(window)} tokens, wanted {wanted.context_window}"
    elif window is not None and tokens.estimate_request(request) + (request.options.max_tokens or 0) > window:
        yield "context_window", f"it holds {window} tokens, which the request is too long for"
    if wanted.max_cost is not None and (offer.cost is None or offer.cost > wanted.max_cost):
        cost, most = prices.dollars(offer.cost), prices.dollars(wanted.max_cost)
        yield "max_cost", f"the request would cost about {_known(cost)} USD, wanted at most {most}"
    if wanted.min_quality is not None and (model.quality is None or model.quality < wanted.min_quality):
        yield "min_quality", f"its quality is {_known(model.quality)}, wanted {wanted.min_quality}"
    if wanted.max_latency_ms is not None and offer.seconds and offer.seconds * 1000 > wanted.max_latency_ms:
        seen = f"its answers began after {offer.seconds * 1000:.0f} ms of late"
        yield "max_latency_ms", f"{seen}, wanted {wanted.max_latency_ms:g}"


def _unmet(call: Call, offers: list[Offer]) -> InvalidField:
    where = path(call.request, "requirements")
    if not offers:
        return InvalidField("There is no model that this key may use and that serves such a request.", param="model")
    nearest = min(offers, key=lambda offer: (len(offer.failures), offer.rank))
    told = "; ".join(f"{name}: {words}" for name, words in nearest.failures.items())
    return InvalidField(
        f"No model meets the requirements. The nearest is {nearest.model.name}, but {told}.",
        param=f"{where}.{next(iter(nearest.failures))}",
        code="requirements_unmet",
    )


def _known(value: object) -> object:
    return "an unknown number of" if value is None else value


def _reason(name: str, chosen: Offer, others: list[Offer]) -> str:
    cost = "of unknown price" if chosen.cost is None else f"about {prices.dollars(chosen.cost)} USD"
    if not others:
        return f"{name}: {chosen.model.name}, the only model that meets the requirements, {cost}"
    same = [other for other in others if other.cost == chosen.cost]
    best = f", the best of {len(same) + 1} at that price" if same else ""
    return f"{name}: {chosen.model.name}, the cheapest of {len(others) + 1} that meet the requirements, {cost}{best}"
