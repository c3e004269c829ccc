"""Registry rows that tests start from."""

from __future__ import annotations

from typing import Any

from llm.models import ApiKey, Model, Organisation, Provider, Route, RoutePrice


def provider(name: str = "openai", *, kind: str = "openai", secret: str = "", **fields: Any) -> Provider:
    row = Provider(name=name, kind=kind, **fields)
    if secret:
        row.set_secret(secret)
    row.full_clean()
    row.save()
    return row


def model(name: str, *providers: Provider, **fields: Any) -> Model:
    """With one route to each of `providers`, in that order, at a dollar a million either way."""
    row = Model(name=name, **fields)
    row.full_clean()
    row.save()
    for order, each in enumerate(providers, start=1):
        route = Route.objects.create(model=row, provider=each, upstream_model=name, order=order)
        RoutePrice.objects.create(route=route, input=1_000_000, output=1_000_000)
    return row


def key(name: str = "frontend", organisation: str = "acme", **fields: Any) -> tuple[ApiKey, str]:
    owner, _ = Organisation.objects.get_or_create(name=organisation)
    return ApiKey.issue(name, owner, **fields)
