"""The vendors' list prices, from the `genai-prices` package into our own dated rows.

A rate that depends on the length of the prompt becomes one row for each length. Our rates are the same all day: where a
vendor's are not (some are cheaper by night), a row takes the dearest of the day, and its note says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import pairwise

from django.db import transaction
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from llm.models import RATES, SINCE_EVER, Kind, LongPromptPrice, Provider, Route, RoutePrice
from llm.models.prices import Tiers
from llm.prices import per_token

LISTED = {
    Kind.OPENAI,
    Kind.ANTHROPIC,
    Kind.GOOGLE,
    Kind.GROQ,
    Kind.OPENROUTER,
    Kind.COHERE,
    Kind.DEEPSEEK,
    Kind.MISTRAL,
}
PLAIN = {"input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok", "cache_write": "cache_write_mtok"}
BATCH = {"batch_input": "input_mtok", "batch_output": "output_mtok"}
BATCHED = {"processing": "batch"}

Listed = Decimal | TieredPrices | None


@dataclass(frozen=True, slots=True)
class ListPrice:
    """Picodollars per token from `valid_from` on, by the names of `RATES`."""

    valid_from: datetime
    tiers: Tiers
    note: str = ""

    def save(self, route: Route) -> None:
        """As rows of `route`."""
        plain, source = self.tiers[0], RoutePrice.Source.LIST
        price = RoutePrice(route=route, valid_from=self.valid_from, source=source, note=self.note, **plain)
        price.save()
        for above, rates in self.tiers.items():
            if above:
                LongPromptPrice(price=price, above=above, **rates).save()


def list_prices(provider: Provider, upstream_model: str) -> list[ListPrice]:
    """Oldest first; none where the list does not know the model."""
    model = _listed(provider, upstream_model)
    if model is None:
        return []
    prices = [_price_from(model, instant) for instant in _instants(model)]
    changes = [new for old, new in pairwise([None, *prices]) if new and (old is None or old.tiers != new.tiers)]
    return changes if any(rate is not None for price in changes for rate in price.tiers[0].values()) else []


@transaction.atomic
def renew(route: Route) -> bool:
    """Bring the route's list rows up to date; True if that changed any. They end where its own prices begin."""
    rows = list(route.prices.prefetch_related("long_prompts"))
    own = min((row.valid_from for row in rows if row.source == RoutePrice.Source.OVERRIDE), default=None)
    listed = list_prices(route.provider, route.upstream_model)
    wanted = [price for price in listed if own is None or price.valid_from < own]
    stale = [row for row in rows if row.source == RoutePrice.Source.LIST]
    if [(row.valid_from, row.tiers, row.note) for row in stale] == [(p.valid_from, p.tiers, p.note) for p in wanted]:
        return False
    for row in stale:
        row.delete()
    for price in wanted:
        price.save(route)
    return True


def _listed(provider: Provider, upstream_model: str) -> ModelInfo | None:
    by_name = provider.kind if provider.kind in LISTED else None
    by_address = provider.base_url if provider.kind == Kind.COMPATIBLE else None
    if not by_name and not by_address:
        return None
    try:
        return get_snapshot().find_provider_model(upstream_model, None, by_name, by_address)[1]
    except LookupError:
        return None


def _instants(model: ModelInfo) -> list[datetime]:
    """When some rate of the model may have changed."""
    conditions = [entry.constraint for entry in _conditional(model)]
    conditions += [variant.constraint for variant in _batch_variants(model)]
    starts = {each.start_date for each in conditions if isinstance(each, StartDateConstraint)}
    return sorted({SINCE_EVER, *(datetime.combine(start, time(), UTC) for start in starts)})


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else []


def _batch_variants(model: ModelInfo) -> list[PriceVariant]:
    return [variant for variant in model.price_variants or [] if variant.when == BATCHED]


def _price_from(model: ModelInfo, instant: datetime) -> ListPrice:
    hours = list(_hours(model, instant))
    plain = [model.get_prices(hour) for hour in hours]
    batch = [model.get_prices(hour, BATCHED) for hour in hours] if _has_batch(model, instant) else []
    listed = {name: [getattr(price, key, None) for price in plain] for name, key in PLAIN.items()}
    listed |= {name: [getattr(price, key, None) for price in batch] for name, key in BATCH.items()}
    assert tuple(listed) == RATES
    return ListPrice(valid_from=instant, tiers=_tiers(listed), note=_note(plain, several_hours=len(hours) > 1))


def _tiers(listed: dict[str, list[Listed]]) -> Tiers:
    values = [value for rates in listed.values() for value in rates if isinstance(value, TieredPrices)]
    starts = {0, *(tier.start for value in values for tier in value.tiers)}
    return {start: {name: _dearest(rates, start) for name, rates in listed.items()} for start in sorted(starts)}


def _hours(model: ModelInfo, instant: datetime) -> Iterator[datetime]:
    """The instants of that day between which a rate may change."""
    yield instant
    for condition in (entry.constraint for entry in _conditional(model)):
        if isinstance(condition, TimeOfDateConstraint):
            yield datetime.combine(instant.date(), condition.start_time.replace(tzinfo=None), UTC)


def _has_batch(model: ModelInfo, instant: datetime) -> bool:
    return any(variant.constraint is None or variant.constraint.active(instant) for variant in _batch_variants(model))


def _dearest(listed: Iterable[Listed], above: int) -> int | None:
    """Of the hours of a day, for prompts just over `above` tokens."""
    rates = [rate for value in listed if (rate := _rate(value, above)) is not None]
    return per_token(max(rates)) if rates else None


def _rate(value: Listed, above: int) -> Decimal | None:
    """The list means what we mean: over the start of a tier, its rate holds for all tokens of the request."""
    if not isinstance(value, TieredPrices):
        return value
    return next((tier.price for tier in reversed(value.tiers) if tier.start <= above), value.base)


def _note(prices: list[ModelPrice], *, several_hours: bool) -> str:
    notes = ["The dearest rate of the day."] if several_hours else []
    notes += ["The vendor also charges for each request."] if _has_request_price(prices) else []
    return " ".join(notes)


def _has_request_price(prices: list[ModelPrice]) -> bool:
    return any(getattr(price, "requests_kcount", None) for price in prices)
