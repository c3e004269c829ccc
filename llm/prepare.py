"""From what was asked to what can be tried: the model, its candidates in turn, and every check that needs no vendor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import llm.prices as prices
import llm.retirement as retirement
import llm.tokens as tokens
from llm.call import Call, Caller
from llm.errors import ContextTooLong, Forbidden, InvalidField, NotFound, UnsupportedCapability
from llm.needs import FIELDS, lacking, may_use, path, serves
from llm.registry import ModelSpec, RouteSpec, Snapshot
from llm.selection import Speed, select, unobserved
from llm.types import Message, Options, Request, Text


@dataclass(slots=True, frozen=True)
class Defaults:
    """What the settings say where a native request says nothing."""

    temperature: float | None = None
    max_tokens: int | None = None
    cache_ttl: int = 3600
    reserve_max_tokens: int = 4096


@dataclass(slots=True, frozen=True)
class Candidate:
    """One route that may answer, with the request as this route is to be asked. Candidates stand in order of models."""

    model: ModelSpec
    route: RouteSpec
    request: Request
    max_tokens: int | None

    def most_cost(self, call: Call) -> int | None:
        """Picodollars it may cost at most; None where that is unknown, or nobody asks since there is no hard budget."""
        if not call.caller.reserves:
            return None
        written = self.max_tokens if self.max_tokens is not None else self.model.max_output_tokens
        if written is None:
            return None
        price = self.route.price_at(call.record.created_at)
        return prices.most(tokens.bound(self.request), written * (self.request.options.n or 1), price)


@dataclass(slots=True, frozen=True)
class Plan:
    """What may be tried: `on_filter` where a provider filters the content, `on_window` where it is too long for it.

    `straight` says why the candidates are others than the model's own, where they are.
    """

    model: ModelSpec
    candidates: list[Candidate]
    on_filter: list[Candidate] = field(default_factory=list)
    on_window: list[Candidate] = field(default_factory=list)
    straight: str = ""


async def prepare(
    call: Call, snapshot: Snapshot, defaults: Defaults, *, today: date, speed: Speed = unobserved
) -> Plan:
    """Raises the 403, 404 or 422 that the caller deserves before a provider is asked.

    `speed` is what was seen of a route, for a caller who leaves the choice of a model to us.
    """
    selection = select(call, snapshot, defaults.max_tokens, today=today, speed=speed)
    model = selection.model if selection else resolve(call.request, call.caller, snapshot)
    call.record.model = model.name
    _mind_retirement(call, model, today)
    call.request = request = await _shortened(call, completed(call.request, model, defaults), model)
    if lacks := lacking(request, model):
        raise UnsupportedCapability(
            f"The model {model.name} does not offer {lacks[0]}.", param=path(request, FIELDS[lacks[0]])
        )
    _check_output_bound(request, model)
    too_long = await _overflow(request, model)
    if too_long is not None:
        return await _longer(call, model, snapshot, defaults, too_long)
    call.request = _bounded(call, model, defaults)
    others = selection.others if selection and request.fallbacks is None else _fallbacks(call, model, snapshot)
    return Plan(
        model,
        _candidates(call, model, others, snapshot, defaults),
        on_filter=_routes(call, _own(call, model, model.filter_fallbacks, snapshot), defaults),
        on_window=_routes(call, _roomier(call, model, snapshot), defaults),
    )


async def _longer(
    call: Call, model: ModelSpec, snapshot: Snapshot, defaults: Defaults, too_long: ContextTooLong
) -> Plan:
    """Straight to those of the model's fallbacks that hold what it cannot."""
    roomy = [other for other in _roomier(call, model, snapshot) if await _overflow(call.request, other) is None]
    call.request = _bounded(call, model, defaults)
    candidates = _routes(call, roomy, defaults)
    if not candidates:
        raise too_long
    call.record.warnings.append(f"the request is too long for {model.name}: {candidates[0].model.name} was asked")
    return Plan(model, candidates, straight=f"the request is too long for {model.name}")


@dataclass(slots=True, frozen=True)
class Count:
    """A prompt whose tokens are to be counted for a model; `route` is the first that would be asked."""

    request: Request
    model: ModelSpec
    route: RouteSpec | None


def prepare_count(request: Request, caller: Caller, snapshot: Snapshot) -> Count:
    """Raises the 403, 404 or 422 that the caller deserves; a prompt may be longer than any window."""
    model = resolve(request, caller, snapshot)
    routes = pinned(request, model, snapshot) if request.provider else model.routes
    route = min(routes, key=lambda route: route.order, default=None)
    return Count(replace(request, messages=_with_context(request)), model, route)


def _mind_retirement(call: Call, model: ModelSpec, today: date) -> None:
    """A warning for what goes soon, an error for what is gone and has nothing to fall back on."""
    asked = call.request.fallbacks
    gone = retirement.refusal(model, today)
    if gone is not None and not (model.fallbacks if asked is None else asked):
        raise gone
    said = retirement.warning(model, today)
    if said is not None and said not in call.record.warnings:
        call.record.warnings.append(said)


async def _shortened(call: Call, request: Request, model: ModelSpec) -> Request:
    """With room in the model's window, where something of it may stay behind."""
    window = model.context_window
    if call.shorten is None or not window or await _overflow(request, model) is None:
        return request
    shorter = await asyncio.to_thread(call.shorten, request, window, partial(tokens.count, model_name=model.name))
    if over := len(request.messages) - len(shorter.messages):
        call.record.warnings.append(f"The oldest {over} messages were left out: the model's window is full.")
    return shorter


def resolve(request: Request, caller: Caller, snapshot: Snapshot, *, field: str = "model") -> ModelSpec:
    """The model behind the name, alias, pinned provider's default or default model; NotFound names the nearest.

    `field` is where the caller named it.
    """
    name = request.model or _default_name(request, snapshot)
    if not name:
        raise InvalidField("No model was named and there is no default model.", param="model")
    model = snapshot.models.get(name)
    if model is None:
        usable = [known for known in snapshot.models if may_use(caller, known)]
        near = snapshot.near(name, usable)
        hint = f"Did you mean {' or '.join(near)}?" if near else "GET /v1/models lists the models."
        raise NotFound(f"There is no model {name[:200]!r}.", param=field, code="model_not_found", hint=hint)
    if not may_use(caller, model.name):
        raise Forbidden(f"This key may not use the model {model.name}.", param=field, code="model_not_allowed")
    return model


def _default_name(request: Request, snapshot: Snapshot) -> str | None:
    provider = snapshot.providers.get(request.provider or "")
    return (provider.default_model if provider else None) or snapshot.default_model


def completed(request: Request, model: ModelSpec, defaults: Defaults) -> Request:
    """The request with its context in the system message and, on the native surface, the settings' defaults."""
    messages = _with_context(request)
    options = request.options
    if request.dialect == "native":
        options = _with_defaults(options, model, defaults)
    return replace(request, messages=messages, options=options)


def _bounded(call: Call, model: ModelSpec, defaults: Defaults) -> Request:
    """With the key's own bound where a hard budget hangs on it: part of what is asked, so that the cache knows."""
    request, caller = call.request, call.caller
    if request.options.max_tokens is not None or not caller.reserves:
        return request
    most = model.max_output_tokens
    bound = caller.reserve_max_tokens or (None if most else defaults.reserve_max_tokens)
    bound = min(bound, most) if bound and most else bound
    return replace(request, options=replace(request.options, max_tokens=bound)) if bound else request


def _with_context(request: Request) -> list[Message]:
    context = request.context.assembled_context if request.context else ""
    if not context:
        return request.messages
    first = request.messages[0] if request.messages else None
    if first is not None and first.role in ("system", "developer"):
        return [replace(first, parts=[*first.parts, Text(f"\n\n{context}")]), *request.messages[1:]]
    return [Message("system", [Text(context)]), *request.messages]


def _with_defaults(options: Options, model: ModelSpec, defaults: Defaults) -> Options:
    """Reasoning models take no temperature; an output bound above the model's own would be refused."""
    temperature, max_tokens = options.temperature, options.max_tokens
    if temperature is None and "reasoning" not in model.capabilities:
        temperature = defaults.temperature
    if max_tokens is None and defaults.max_tokens:
        max_tokens = min(defaults.max_tokens, model.max_output_tokens or defaults.max_tokens)
    return replace(options, temperature=temperature, max_tokens=max_tokens)


def _check_output_bound(request: Request, model: ModelSpec) -> None:
    wanted, most = request.options.max_tokens, model.max_output_tokens
    if wanted and most and wanted > most:
        raise InvalidField(
            f"max_tokens is {wanted}, but {model.name} writes at most {most} tokens.",
            param=path(request, "max_tokens"),
        )


async def _overflow(request: Request, model: ModelSpec) -> ContextTooLong | None:
    """Tokens are bounded by bytes; only near the window are they counted, beside the event loop."""
    window, answer = model.context_window, request.options.max_tokens or 0
    if not window or tokens.bound(request) + answer <= window:
        return None
    counted = await asyncio.to_thread(tokens.count, request, model.name)
    if counted + answer <= window:
        return None
    bound = f" and up to {answer} for the answer" if answer else ""
    return ContextTooLong(
        f"The request has {counted} tokens{bound}; the context window of {model.name} holds {window}.",
        param="messages",
    )


def _candidates(
    call: Call, model: ModelSpec, others: list[ModelSpec], snapshot: Snapshot, defaults: Defaults
) -> list[Candidate]:
    """The model's routes, then those of its fallbacks; a pinned provider leaves only its own."""
    request = call.request
    routes = pinned(request, model, snapshot) if request.provider else model.routes
    found = [_candidate(call, model, route, defaults) for route in routes if serves(request, route)]
    found += _routes(call, others, defaults)
    if not found:
        raise UnsupportedCapability(f"No route of {model.name} can serve this request.", param="model")
    return found


def _routes(call: Call, models: list[ModelSpec], defaults: Defaults) -> list[Candidate]:
    ways = [(model, route) for model in models for route in model.routes if serves(call.request, route)]
    return [_candidate(call, model, route, defaults) for model, route in ways]


def check_provider(request: Request, snapshot: Snapshot) -> None:
    """Raises NotFound where the one that is named is none; it names the nearest."""
    name = request.provider
    if name is not None and name not in snapshot.providers:
        near = snapshot.near(name, list(snapshot.providers))
        hint = f"Did you mean {' or '.join(near)}?" if near else None
        param = path(request, "provider")
        raise NotFound(f"There is no provider {name[:200]!r}.", param=param, code="provider_not_found", hint=hint)


def pinned(request: Request, model: ModelSpec, snapshot: Snapshot) -> list[RouteSpec]:
    """The model's routes at the provider that the request names. Raises NotFound and InvalidField."""
    check_provider(request, snapshot)
    name, param = request.provider or "", path(request, "provider")
    routes = [route for route in model.routes if route.provider.name == name]
    if not routes:
        others = ", ".join(sorted({route.provider.name for route in model.routes})) or "no provider"
        raise InvalidField(
            f"The provider {name} has no route to {model.name}.", param=param, hint=f"It is served by {others}."
        )
    return routes


def _fallbacks(call: Call, model: ModelSpec, snapshot: Snapshot) -> list[ModelSpec]:
    """Named in the request they must exist; the model's own are left out where they cannot serve."""
    request = call.request
    if request.fallbacks is None:
        return _own(call, model, model.fallbacks, snapshot)
    field = path(request, "fallbacks")
    named = [resolve(replace(request, model=name), call.caller, snapshot, field=field) for name in request.fallbacks]
    return [fallback for fallback in named if fallback.name != model.name and not lacking(request, fallback)]


def _own(call: Call, model: ModelSpec, names: tuple[str, ...], snapshot: Snapshot) -> list[ModelSpec]:
    """Those of the registry, unless the caller wants a provider or fallbacks of its own."""
    request = call.request
    if not names or request.provider or request.fallbacks is not None:
        return []
    known = [snapshot.models[name] for name in names if name in snapshot.models and may_use(call.caller, name)]
    return [other for other in known if other.name != model.name and not lacking(request, other)]


def _roomier(call: Call, model: ModelSpec, snapshot: Snapshot) -> list[ModelSpec]:
    """The model's fallbacks for what is too long: only a longer window helps."""
    window = model.context_window or 0
    others = _own(call, model, model.window_fallbacks, snapshot)
    return [other for other in others if other.context_window is None or other.context_window > window]


def _candidate(call: Call, model: ModelSpec, route: RouteSpec, defaults: Defaults) -> Candidate:
    return Candidate(model, route, _with_provider_defaults(call.request, route), _output_bound(call, model, defaults))


def _output_bound(call: Call, model: ModelSpec, defaults: Defaults) -> int | None:
    """What the vendor is told. Where a hard budget hangs on it, a bound that the vendor does not keep is none."""
    wanted, most = call.request.options.max_tokens, model.max_output_tokens
    if wanted is None and most is None and call.caller.reserves:
        return defaults.reserve_max_tokens
    return min(wanted, most) if wanted and most else wanted


def _with_provider_defaults(request: Request, route: RouteSpec) -> Request:
    unsaid = {
        name: value
        for name, value in route.provider.defaults.items()
        if name in Options.__slots__ and getattr(request.options, name) is None
    }
    return replace(request, options=replace(request.options, **unsaid)) if unsaid else request
