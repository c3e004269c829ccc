"""`/api/v1/providers/`: who serves the models, and whether they answer. Never where they are, nor our credentials."""

from __future__ import annotations

from datetime import datetime, timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from llm.bridge import bridge
from llm.call import Caller
from llm.dialects.listings import Allowance
from llm.errors import NotFound
from llm.probing import Finding
from llm.registry import ProviderSpec
from llm.surfaces.auth import caller_of
from llm.surfaces.models import usable
from llm.surfaces.openapi import resources
from llm.surfaces.views import ResourceView
from llm.types import JsonObject
from llm.wiring import catalog, circuits, clock, house

FEATURES = ("streaming", "tools", "images", "caching")


class ProviderListView(ResourceView):
    @resources.providers
    def get(self, request: Request) -> Response:
        specs = sorted(catalog().snapshot().providers.values(), key=lambda spec: spec.name)
        return Response({"results": [told(spec, caller_of(request)) for spec in specs]})


class ProviderView(ResourceView):
    @resources.provider
    def get(self, request: Request, name: str) -> Response:
        return Response(told(known(name), caller_of(request)))


class ProviderStatusView(ResourceView):
    @resources.provider_status
    def get(self, request: Request, name: str) -> Response:
        spec = known(name)
        return Response(status(spec, *bridge().run(found(spec))))


async def found(spec: ProviderSpec) -> tuple[Finding, Allowance | None]:
    """And what we ourselves have counted. Asked on the bridge's loop, so that all who ask in this process share one
    answer."""
    return await house().prober.find(spec), await house().throttle.standing(spec)


def known(name: str) -> ProviderSpec:
    snapshot = catalog().snapshot()
    if name not in snapshot.providers:
        snapshot = catalog().fresh_snapshot_sync()
    if name not in snapshot.providers:
        near = snapshot.near(name, list(snapshot.providers))
        hint = f"Did you mean {' or '.join(near)}?" if near else None
        raise NotFound(f"There is no provider {name[:200]!r}.", param="name", code="provider_not_found", hint=hint)
    return snapshot.providers[name]


def told(spec: ProviderSpec, caller: Caller) -> JsonObject:
    """With those of its models that the key may use."""
    models = [model.name for model in usable(caller) if any(route.provider.id == spec.id for route in model.routes)]
    return {
        "name": spec.name,
        "kind": spec.kind,
        "default_model": spec.default_model if spec.default_model in models else None,
        "features": {name: getattr(spec, name) for name in FEATURES},
        "models": models,
    }


def status(spec: ProviderSpec, finding: Finding, counted: Allowance | None) -> JsonObject:
    error, told = finding.error, finding.probe.requests if finding.probe else None
    return {
        "provider": spec.name,
        "is_valid": error is None,
        "rate_limit": _rate_limit(clock().now(), counted) if counted else _rate_limit(finding.checked_at, told),
        **_circuit(spec),
        "checked_at": finding.checked_at,
        "error": error and {"code": error.code, "message": error.message, "hint": error.hint},
    }


def _circuit(spec: ProviderSpec) -> JsonObject:
    """The worst of its routes' circuits, and each that is not closed. Told by route, for a model may fail alone."""
    shut = [standing for standing in circuits().shut() if standing.route.provider == spec.name]
    states = [standing.state for standing in shut]
    return {
        "circuit": "open" if "open" in states else "half_open" if states else "closed",
        "circuits": [
            {
                "upstream_model": standing.route.upstream_model,
                "state": standing.state,
                "since": standing.since,
                "until": standing.until,
                "why": standing.why,
            }
            for standing in shut
        ],
    }


def _rate_limit(now: datetime, left: Allowance | None) -> JsonObject | None:
    """`reset` is the instant at which there is more room."""
    if left is None:
        return None
    reset = None if left.reset is None else now + timedelta(seconds=left.reset)
    return {"limit": left.limit, "remaining": left.remaining, "reset": reset}
