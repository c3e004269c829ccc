"""The database as a registry file: every field that is not at its default, and no secret."""

from __future__ import annotations

from typing import Any

import yaml

from llm.models import (
    SINCE_EVER,
    ApiKey,
    Budget,
    Model,
    Occasion,
    Organisation,
    Provider,
    Route,
    RoutePrice,
    Team,
    Tier,
)
from llm.models.money import dollars
from llm.models.prices import MILLION, Rates
from llm.registry_file.readers import Shape
from llm.registry_file.shape import (
    BUDGET,
    FALLBACKS,
    FEATURES,
    KEY,
    MODEL,
    ORGANISATION,
    PROVIDER,
    ROUTE,
    TEAM,
    TIER,
    TIERS,
)

Entry = dict[str, Any]


def export() -> str:
    document = {
        "providers": [_provider(row) for row in Provider.objects.select_related("default_model").order_by("pk")],
        "models": [_model(row) for row in _models()],
        "tiers": [_entry(TIER, row, {}) for row in Tier.objects.order_by("pk")],
        "organisations": [_organisation(row) for row in Organisation.objects.prefetch_related("teams").order_by("pk")],
        "keys": [_key(row) for row in ApiKey.objects.select_related("organisation", "team").order_by("pk")],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _models() -> Any:
    return (
        Model.objects.select_related("successor")
        .prefetch_related("aliases", "fallbacks__target", "routes__provider", "routes__prices__long_prompts")
        .order_by("pk")
    )


def _provider(row: Provider) -> Entry:
    features = {name: False for name in FEATURES if not getattr(row, name)}
    special = {"default_model": _name(row.default_model), "features": features or PROVIDER["features"].default}
    return _entry(PROVIDER, row, special | {"api_key": PROVIDER["api_key"].default})


def _model(row: Model) -> Entry:
    return _entry(
        MODEL,
        row,
        {
            "aliases": [alias.name for alias in row.aliases.all()],
            **{field: _fallbacks(row, occasion) for field, occasion in FALLBACKS.items()},
            "successor": _name(row.successor),
            "routes": [_route(route) for route in row.routes.all()],
        },
    )


def _fallbacks(row: Model, occasion: Occasion) -> list[str]:
    return [fallback.target.name for fallback in row.fallbacks.all() if fallback.occasion == occasion]


def _route(row: Route) -> Entry:
    own = [price for price in row.prices.all() if price.source == RoutePrice.Source.OVERRIDE]
    is_flat = [price.valid_from for price in own] == [SINCE_EVER]
    prices = _tiers(own[0]) if is_flat else {name: TIERS[name].default for name in TIERS}
    dated = [] if is_flat else [{"valid_from": price.valid_from, **_given(_tiers(price))} for price in own]
    return _entry(ROUTE, row, {"provider": row.provider.name, **prices, "prices": dated})


def _tiers(price: RoutePrice) -> Entry:
    longer = [{"above": above, **_given(_prices(rates))} for above, rates in price.tiers.items() if above]
    return {**_prices(price.rates), "long_prompts": longer}


def _prices(rates: Rates) -> Entry:
    return {
        f"{name}_price": None if rate is None else format(dollars(rate, per=MILLION), "f")
        for name, rate in rates.items()
    }


def _given(prices: Entry) -> Entry:
    return {name: price for name, price in prices.items() if price not in (None, [])}


def _organisation(row: Organisation) -> Entry:
    shared = row.budgets.filter(key=None).select_related("team").order_by("pk")
    special = {"teams": [_team(team) for team in row.teams.all()], "budgets": [_budget(budget) for budget in shared]}
    return _entry(ORGANISATION, row, special)


def _team(row: Team) -> Entry | str:
    entry = _entry(TEAM, row, {})
    return row.name if entry == {"name": row.name} else entry


def _key(row: ApiKey) -> Entry:
    special = {
        "organisation": row.organisation.name,
        "team": _name(row.team),
        "key": KEY["key"].default,
        "budgets": [_budget(budget) for budget in row.budgets.order_by("pk")],
    }
    return _entry(KEY, row, special)


def _budget(row: Budget) -> Entry:
    match = row.team.name if row.team else row.match
    return _entry(BUDGET, row, {"amount": format(dollars(row.amount), "f"), "match": match})


def _name(row: Any) -> str | None:
    return row.name if row is not None else None


def _entry(shape: Shape, row: Any, special: Entry) -> Entry:
    """The fields of the shape in their order, those at their default left out."""
    values = {name: special[name] if name in special else getattr(row, name) for name in shape}
    return {name: value for name, value in values.items() if value != shape[name].default}
