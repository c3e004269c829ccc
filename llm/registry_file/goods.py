"""Models as a file writes them, with their aliases, fallbacks and routes; tiers that choose among them."""

from __future__ import annotations

from typing import Any

from llm.models import Alias, Fallback, Model, Provider, Route, Tier
from llm.registry_file.named import named_model
from llm.registry_file.place import Place
from llm.registry_file.rates import write_prices
from llm.registry_file.shape import FALLBACKS, LIMITS, MODEL
from llm.registry_file.writing import Writing, assign, difference

SPECIAL = {"name", "aliases", *FALLBACKS, "successor", "routes"}
PLAIN = [name for name in MODEL if name not in SPECIAL]
ROUTE_PLAIN = ["order", "weight", *LIMITS]


def clear_aliases(writing: Writing) -> None:
    """First of all, since an alias given up by one model may be another one's name."""
    for _, row in writing.rows("models"):
        aliases = Alias.objects.filter(model__name=row["name"])
        before = [alias.name for alias in aliases]
        if before and before != row["aliases"]:
            for alias in aliases:
                alias.delete()
            writing.note("update", "model", row["name"], [difference("aliases", before, row["aliases"])])


def write_models(writing: Writing) -> None:
    for place, row in writing.rows("models"):
        model = Model.objects.filter(name=row["name"]).first() or Model(name=row["name"])
        new = model.pk is None
        details = assign(model, {name: row[name] for name in PLAIN})
        if writing.keep(model, details, place) and (new or details):
            writing.note("create" if new else "update", "model", model.name, details)


def write_parts(writing: Writing) -> None:
    """What refers to other rows, once all of them are there."""
    for place, row in writing.rows("models"):
        model = Model.objects.get(name=row["name"])
        _write_aliases(writing, model, row["aliases"], place)
        details = [
            *_write_fallbacks(writing, model, row, place),
            *_write_routes(writing, model, row["routes"], place),
        ]
        if details:
            writing.note("update", "model", model.name, details)


def write_tiers(writing: Writing) -> None:
    for place, row in writing.rows("tiers"):
        tier = Tier.objects.filter(name=row["name"]).first() or Tier(name=row["name"])
        new = tier.pk is None
        details = assign(tier, {"requirements": row["requirements"]})
        if writing.keep(tier, details, place) and (new or details):
            writing.note("create" if new else "update", "tier", tier.name, details)


def write_successors(writing: Writing) -> None:
    for place, row in writing.rows("models"):
        model = Model.objects.get(name=row["name"])
        if details := assign(model, {"successor": named_model(row["successor"])}):
            writing.keep(model, details, place)
            writing.note("update", "model", model.name, details)


def _write_aliases(writing: Writing, model: Model, wanted: list[str], place: Place) -> None:
    if model.aliases.exists():
        return
    for index, name in enumerate(wanted):
        writing.keep(Alias(model=model, name=name), [], place.field("aliases").item(index))
    if wanted:
        writing.note("update", "model", model.name, [difference("aliases", [], wanted)])


def _write_fallbacks(writing: Writing, model: Model, row: dict[str, Any], place: Place) -> list[str]:
    details = []
    for field, occasion in FALLBACKS.items():
        stored = model.fallbacks.filter(occasion=occasion)
        before = [fallback.target for fallback in stored.select_related("target")]
        after = [target for name in row[field] if (target := named_model(name)) is not None]
        if before == after:
            continue
        for fallback in stored:
            fallback.delete()
        for index, target in enumerate(after):
            spot = place.field(field).item(index)
            fallback = Fallback(model=model, target=target, occasion=occasion, order=index + 1)
            writing.keep(fallback, [], spot)
        details.append(difference(field, [model.name for model in before], [model.name for model in after]))
    return details


def _write_routes(writing: Writing, model: Model, wanted: list[dict[str, Any]], place: Place) -> list[str]:
    stored = {(route.provider.name, route.upstream_model): route for route in _routes(model)}
    details = []
    for index, row in enumerate(wanted):
        route = stored.pop((row["provider"], row["upstream_model"]), None)
        details += _write_route(writing, route or _new_route(model, row), row, place.field("routes").item(index))
    for route in stored.values():
        details.append(f"route {_label(route)} removed")
        route.delete()
    return details


def _write_route(writing: Writing, route: Route, row: dict[str, Any], place: Place) -> list[str]:
    new = route.pk is None
    details = assign(route, {name: row[name] for name in ROUTE_PLAIN})
    if not writing.keep(route, details, place):
        return []
    details += write_prices(writing, route, row, place)
    if new:
        return [f"route {_label(route)} added"]
    return [f"route {_label(route)} {detail}" for detail in details]


def _routes(model: Model) -> list[Route]:
    return list(model.routes.select_related("provider"))


def _new_route(model: Model, row: dict[str, Any]) -> Route:
    provider = Provider.objects.get(name=row["provider"])
    return Route(model=model, provider=provider, upstream_model=row["upstream_model"])


def _label(route: Route) -> str:
    return f"{route.provider.name}/{route.upstream_model}"
