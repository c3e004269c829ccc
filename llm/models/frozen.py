"""Rows to the frozen values that the core works with: the registry's snapshot, and callers by their key's digest."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from llm import vault
from llm.budgets import BudgetScope, BudgetSpec, Period
from llm.call import Caller
from llm.errors import InvalidField
from llm.models.budgets import Budget
from llm.models.keys import ApiKey
from llm.models.limited import Limited
from llm.models.offers import Model, Occasion, Tier
from llm.models.prices import RATES, LongPromptPrice, RoutePrice
from llm.models.providers import Kind, Provider
from llm.models.routes import Route
from llm.registry import UNLIMITED, Limits, ModelSpec, Price, ProviderSpec, Rates, RouteSpec, Snapshot, Strategy
from llm.types import Requirements

log = logging.getLogger(__name__)

KEYLESS = {Kind.ECHO, Kind.OLLAMA}
ECHO = "echo"
MOST_DIGESTS = 500
SAME_NAMES = (
    "id",
    "name",
    "kind",
    "base_url",
    "timeout",
    "connect_timeout",
    "first_token_timeout",
    "chunk_timeout",
    "retries",
    "retry_delay",
    "interactive_share",
    "streaming",
    "tools",
    "images",
    "caching",
)


def load_snapshot(stamp: int) -> Snapshot:
    """The whole registry, in nine queries however large it is."""
    rows = list(Provider.objects.select_related("default_model").order_by("pk"))
    providers = {row.pk: provider_spec(row) for row in rows}
    models = [_model(row, providers) for row in _models()]
    named = {name: model for model in models for name in (model.name, *model.aliases)}
    return Snapshot(
        stamp=stamp,
        models=MappingProxyType(named),
        providers=MappingProxyType({spec.name: spec for spec in providers.values()}),
        default_model=_default_model(providers.values(), named),
        tiers=MappingProxyType(dict(_tiers())),
    )


def _tiers() -> Iterator[tuple[str, Requirements]]:
    """One unreadable row must not take the whole registry down."""
    for tier in Tier.objects.all():
        try:
            yield tier.name, tier.opened()
        except InvalidField as error:
            log.error("The tier %s is left out: %s", tier.name, error.message)


def load_callers(names: Collection[str]) -> dict[str, Caller]:
    """Those of `names`, the digests of keys or `named(id)`, that may come in now."""
    wanted = list(names)
    chunks = (wanted[start : start + MOST_DIGESTS] for start in range(0, len(wanted), MOST_DIGESTS))
    return {name: caller for chunk in chunks for name, caller in _callers(chunk).items()}


def named(key_id: int) -> str:
    """What a key is kept under for those who know its id alone."""
    return f"#{key_id}"


def load_origins() -> frozenset[str]:
    """Every origin that some valid key names: what a preflight, which carries no key, is held against."""
    return frozenset(origin for origins in _valid_keys().values_list("origins", flat=True) for origin in origins)


def _valid_keys() -> QuerySet[ApiKey]:
    in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return (
        ApiKey.objects.filter(in_time, disabled=False, digest__isnull=False)
        .select_related("organisation", "team")
        .prefetch_related("organisation__budgets")
    )


def _callers(names: list[str]) -> dict[str, Caller]:
    """By id and by secret: that of now wherever two claim one digest, and a former one until its overlap ends."""
    ids = [int(name[1:]) for name in names if name[0] == "#"]
    overlap = Q(former_digest__in=names, former_until__gt=timezone.now())
    rows = list(_valid_keys().filter(Q(digest__in=names) | Q(pk__in=ids) | overlap))
    current = {name: _caller(row) for row in rows for name in (str(row.digest), named(row.pk))}
    former = {row.former_digest: _former_caller(row) for row in rows if row.overlaps_until}
    return {name: caller for name, caller in (former | current).items() if name in names}


def _former_caller(row: ApiKey) -> Caller:
    ends = [instant for instant in (row.former_until, row.expires_at) if instant is not None]
    return replace(_caller(row), expires_at=min(ends))


def _caller(row: ApiKey) -> Caller:
    return Caller(
        key_id=row.pk,
        key_name=row.name,
        organisation_id=row.organisation_id,
        organisation=row.organisation.name,
        team_id=row.team_id,
        team=row.team.name if row.team else None,
        scopes=frozenset(row.scopes),
        models=tuple(row.models),
        origins=frozenset(row.origins),
        limits=_limits(row),
        team_limits=_limits(row.team) if row.team else UNLIMITED,
        organisation_limits=_limits(row.organisation),
        budgets=tuple(_budget(budget, row) for budget in row.organisation.budgets.all() if _may_apply(budget, row)),
        reserve_max_tokens=row.reserve_max_tokens,
        expires_at=row.expires_at,
        keeps_bodies=row.organisation.keeps_bodies,
    )


def _limits(row: Limited) -> Limits:
    return Limits(row.requests_per_minute, row.tokens_per_minute, row.max_concurrency)


def _may_apply(budget: Budget, key: ApiKey) -> bool:
    """Users and tags show with the request."""
    return budget.key_id in (None, key.pk) and budget.team_id in (None, key.team_id)


def _budget(row: Budget, key: ApiKey) -> BudgetSpec:
    return BudgetSpec(
        id=row.pk,
        scope=cast(BudgetScope, row.scope),
        amount=row.amount,
        period=cast(Period, row.period),
        hard=row.hard,
        match=row.match,
        time_zone=key.organisation.time_zone,
    )


def provider_spec(row: Provider) -> ProviderSpec:
    return ProviderSpec(
        version=int(row.updated_at.timestamp() * 1_000_000),
        secret=_secret(row),
        organization=row.organization or None,
        default_model=row.default_model.name if row.default_model else None,
        defaults=MappingProxyType(row.defaults),
        limits=_limits(row),
        private_hosts=tuple(settings.ALLOWED_PRIVATE_HOSTS),
        **{name: getattr(row, name) for name in SAME_NAMES},
    )


def _secret(row: Provider) -> str:
    """One unreadable secret must not take the whole registry down."""
    try:
        return row.opened_secret()
    except vault.Unopenable:
        log.error("The secret of provider %s cannot be opened with the SECRETS_KEY of now; set it again.", row.name)
        return ""


def _models() -> QuerySet[Model]:
    return (
        Model.objects.select_related("successor")
        .prefetch_related("aliases", "fallbacks__target", "routes__prices__long_prompts")
        .order_by("pk")
    )


def _model(row: Model, providers: dict[int, ProviderSpec]) -> ModelSpec:
    return ModelSpec(
        id=row.pk,
        name=row.name,
        aliases=tuple(alias.name for alias in row.aliases.all()),
        context_window=row.context_window,
        max_output_tokens=row.max_output_tokens,
        training_cutoff=row.training_cutoff,
        capabilities=frozenset(row.capabilities),
        quality=row.quality,
        caching=row.caching,
        fallbacks=_fallbacks(row, Occasion.FAILURE),
        filter_fallbacks=_fallbacks(row, Occasion.CONTENT_FILTER),
        window_fallbacks=_fallbacks(row, Occasion.CONTEXT_WINDOW),
        strategy=cast(Strategy, row.strategy),
        hedging=row.hedging,
        continues=row.continues,
        routes=tuple(_route(route, providers[route.provider_id]) for route in row.routes.all()),
        retires_on=row.retires_on,
        successor=row.successor.name if row.successor else None,
    )


def _fallbacks(row: Model, occasion: Occasion) -> tuple[str, ...]:
    return tuple(fallback.target.name for fallback in row.fallbacks.all() if fallback.occasion == occasion)


def _route(row: Route, provider: ProviderSpec) -> RouteSpec:
    return RouteSpec(
        id=row.pk,
        provider=provider,
        upstream_model=row.upstream_model,
        order=row.order,
        weight=row.weight,
        limits=_limits(row),
        prices=tuple(_price(price) for price in row.prices.all()),
    )


def _price(row: RoutePrice) -> Price:
    return Price(
        valid_from=row.valid_from,
        long_prompts=tuple(_long_prompt(longer, row) for longer in row.long_prompts.all()),
        **{name: getattr(row, name) for name in RATES},
    )


def _long_prompt(row: LongPromptPrice, price: RoutePrice) -> Rates:
    """Whole, so that nobody has to look for a missing rate while a caller waits."""
    given = {name: value for name, value in row.rates.items() if value is not None}
    return Rates(above=row.above, **(price.rates | given))


def _default_model(providers: Iterable[ProviderSpec], named: dict[str, ModelSpec]) -> str | None:
    """DEFAULT_LLM_MODEL; else that of the first provider that could answer; else echo, until a vendor's key is set."""
    if settings.DEFAULT_LLM_MODEL:
        return str(settings.DEFAULT_LLM_MODEL)
    usable = [spec for spec in providers if spec.secret or spec.kind in KEYLESS]
    for spec in usable:
        if spec.default_model:
            return spec.default_model
    return ECHO if ECHO in named and not any(spec.secret for spec in usable) else None
