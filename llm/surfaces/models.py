"""`/api/v1/models/`: what this key may ask for, what it costs, where it is served and how fast it was of late."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.db import InterfaceError, OperationalError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.latency import Figures, observed
from analytics.models import RequestLog
from llm import types
from llm.call import Caller
from llm.counting import first_route
from llm.errors import Forbidden, NotFound
from llm.needs import may_use
from llm.prepare import resolve
from llm.prices import dollars
from llm.registry import ModelSpec, Price, Rates, RouteSpec
from llm.surfaces.auth import caller_of
from llm.surfaces.openapi import resources
from llm.surfaces.views import ResourceView
from llm.types import JsonObject
from llm.wiring import catalog, clock

MILLION = 1_000_000
RATES = ("input", "output", "cached", "cache_write", "batch_input", "batch_output")
LATENCY_SECONDS = 60
"""How long observed latencies count as news."""


class ModelListView(ResourceView):
    @resources.models
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        times = latency(caller)
        return Response({"results": [told(model, caller, times.get(model.name)) for model in usable(caller)]})


class ModelDetailView(ResourceView):
    @resources.model
    def get(self, request: Request, name: str) -> Response:
        caller = caller_of(request)
        model = offered(name, caller)
        return Response(told(model, caller, latency(caller).get(model.name)))


def usable(caller: Caller) -> list[ModelSpec]:
    """The models this key may use, by name."""
    models = {model.name: model for model in catalog().snapshot().models.values()}
    return [model for name, model in sorted(models.items()) if may_use(caller, name)]


def offered(name: str, caller: Caller) -> ModelSpec:
    """As `named`, but what the key may not use is as unknown as what there is not."""
    try:
        return named(name, caller)
    except Forbidden:
        raise NotFound(f"There is no model {name[:200]!r}.", param="model", code="model_not_found") from None


def named(name: str, caller: Caller) -> ModelSpec:
    """Under its name or an alias; an unknown one may only be new. Raises NotFound, Forbidden."""
    wanted = types.Request([], model=name)
    try:
        return resolve(wanted, caller, catalog().snapshot())
    except NotFound:
        return resolve(wanted, caller, catalog().fresh_snapshot_sync())


def latency(caller: Caller) -> dict[str, Figures]:
    """Of the requests that the caller may see; unknown while the database is away, which stops nobody else here."""
    try:
        return _observed(caller, int(clock().monotonic() // LATENCY_SECONDS))
    except (OperationalError, InterfaceError):
        return {}


@lru_cache(maxsize=512)
def _observed(caller: Caller, age: int) -> dict[str, Figures]:
    """Asked of the books once for each `age`."""
    return observed(RequestLog.objects.of(caller), clock().now())


def told(model: ModelSpec, caller: Caller, times: Figures | None) -> JsonObject:
    first = first_route(model)
    return {
        "name": model.name,
        "aliases": model.aliases,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "training_cutoff": model.training_cutoff,
        "capabilities": sorted(model.capabilities),
        "quality": model.quality,
        "caching": model.caching,
        "prices": first and _prices(first),
        "routes": [_route(route) for route in model.routes],
        "fallbacks": [name for name in model.fallbacks if may_use(caller, name)],
        "retirement": _retirement(model, clock().now().date()),
        "latency": times,
    }


def _route(route: RouteSpec) -> JsonObject:
    return {
        "provider": route.provider.name,
        "upstream_model": route.upstream_model,
        "order": route.order,
        "weight": route.weight,
        "prices": _prices(route),
    }


def _prices(route: RouteSpec) -> JsonObject | None:
    """Those of now; None where none is known."""
    price: Price | None = route.price_at(clock().now())
    if price is None:
        return None
    longer = [{"above": rates.above, **_per_million(rates)} for rates in price.long_prompts]
    return {"currency": "USD", **_per_million(price), "long_prompts": longer}


def _per_million(rates: Rates) -> JsonObject:
    """Dollars for a million tokens, as decimal strings."""
    known = {name: getattr(rates, name) for name in RATES}
    return {name: None if rate is None else dollars(rate * MILLION) for name, rate in known.items()}


def _retirement(model: ModelSpec, today: date) -> JsonObject | None:
    if model.retires_on is None:
        return None
    return {"retires_on": model.retires_on, "retired": model.retires_on <= today, "successor": model.successor}
