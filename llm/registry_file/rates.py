"""Prices of a route as a file writes them.

Flat prices mean "from now on": what was charged before stays in the books' past. `prices` with dates is the whole
history. None at all leaves the route to the price list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from llm import price_list
from llm.models import RATES, SINCE_EVER, Route, RoutePrice
from llm.models.money import dollars
from llm.models.routes import MILLION
from llm.registry_file.place import Place
from llm.registry_file.writing import Writing

Rates = dict[str, int | None]


def write_prices(writing: Writing, route: Route, row: dict[str, Any], place: Place) -> list[str]:
    flat, dated = rates_of(row), row["prices"]
    if dated and is_given(flat):
        place.field("prices").refuse(dated, "either these or the flat prices, not both")
        return []
    before = _own(route)
    wanted = _history({price["valid_from"]: rates_of(price) for price in dated}, flat, before)
    details = _replace(writing, route, wanted, place) if wanted != before else []
    if price_list.renew(route) and not details:
        details.append("prices renewed from the list")
    return details


def rates_of(row: dict[str, Any]) -> Rates:
    return {rate: row[f"{rate}_price"] for rate in RATES}


def is_given(rates: Rates) -> bool:
    return any(rate is not None for rate in rates.values())


def _own(route: Route) -> dict[datetime, Rates]:
    own = RoutePrice.objects.filter(route=route, source=RoutePrice.Source.OVERRIDE)
    return {price.valid_from: price.rates for price in own}


def _history(dated: dict[datetime, Rates], flat: Rates, before: dict[datetime, Rates]) -> dict[datetime, Rates]:
    """What the route's own prices shall be, by the instant they begin."""
    if dated or not is_given(flat):
        return dated
    now = timezone.now()
    past = {start: rates for start, rates in before.items() if start <= now}
    if not past:
        return {SINCE_EVER: flat}
    return past if past[max(past)] == flat else {**past, now: flat}


def _replace(writing: Writing, route: Route, wanted: dict[datetime, Rates], place: Place) -> list[str]:
    starts = set(wanted)
    for price in route.prices.all():
        own = price.source == RoutePrice.Source.OVERRIDE
        if (own and wanted.get(price.valid_from) != price.rates) or (not own and price.valid_from in starts):
            price.delete()
    kept = set(_own(route))
    for start in sorted(starts - kept):
        _add(writing, RoutePrice(route=route, valid_from=start, **wanted[start]), place)
    return [f"price {_told(wanted)}"]


def _add(writing: Writing, price: RoutePrice, place: Place) -> None:
    writing.keep(price, [], place)
    writing.warnings.extend(
        f"{place.field(f'{rate}_price').path}: over 1,000 dollars per million tokens; is the unit right?"
        for rate in price.doubtful()
    )


def _told(wanted: dict[datetime, Rates]) -> str:
    if not wanted:
        return "left to the list"
    rates = wanted[max(wanted)]
    return ", ".join(f"{name} {dollars(rate, per=MILLION)}" for name, rate in rates.items() if rate is not None)
