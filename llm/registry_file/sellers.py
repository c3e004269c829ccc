"""Providers as a file writes them."""

from __future__ import annotations

from typing import Any

from llm.models import Provider
from llm.registry_file.named import named_model
from llm.registry_file.readers import Absent
from llm.registry_file.shape import PROVIDER
from llm.registry_file.writing import Writing, assign, difference
from llm.vault import Unopenable

SPECIAL = {"name", "api_key", "default_model", "features"}
PLAIN = [name for name in PROVIDER if name not in SPECIAL]


def write_providers(writing: Writing) -> None:
    for place, row in writing.rows("providers"):
        provider = Provider.objects.filter(name=row["name"]).first() or Provider(name=row["name"])
        new, had_secret = provider.pk is None, provider.has_secret
        details = assign(provider, {name: row[name] for name in PLAIN} | row["features"])
        details += _write_secret(provider, row["api_key"])
        if had_secret and not provider.has_secret and row["api_key"] is Absent.KEPT:
            details.append("api_key cleared, for the address has another host")
            writing.warnings.append(f"{place.path}: its api_key was for another host and is gone; give it again.")
        if writing.keep(provider, details, place) and (new or details):
            writing.note("create" if new else "update", "provider", provider.name, details)


def write_default_models(writing: Writing) -> None:
    for place, row in writing.rows("providers"):
        provider = Provider.objects.select_related("default_model").get(name=row["name"])
        model = named_model(row["default_model"])
        if provider.default_model != model:
            details = [difference("default_model", provider.default_model, model)]
            provider.default_model = model
            writing.keep(provider, details, place)
            writing.note("update", "provider", provider.name, details)


def _write_secret(provider: Provider, given: Any) -> list[str]:
    if given is Absent.KEPT or given == _opened(provider):
        return []
    provider.set_secret(given)
    return ["api_key set" if given else "api_key cleared"]


def _opened(provider: Provider) -> str | None:
    try:
        return provider.opened_secret()
    except Unopenable:
        return None
