"""Prices of a route as a file writes them.

Flat prices mean "from now on": what was charged before stays in the books' past. `prices` with dates is the whole
history. None at all leaves the route to the price list. Either may say what long prompts cost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from llm import price_list
from llm.models import RATES, SINCE_EVER, LongPromptPrice, Route, RoutePrice
from llm.models.money import dollars
from llm.models.prices import MILLION, Rated, Rates, Tiers
from llm.registry_file.place import Place
from llm.registry_file.writing import Writing

History = dict[datetime, Tiers]
"""A route's own prices by the instant they begin."""


def write_prices(writing: Writing, route: Route, row: dict[str, Any], place: Place) -> list[str]:
    flat, dated = _tiers(row, place), row["prices"]
    if dated and is_given(flat):
        place.field("prices").refuse(dated, "either these or the flat prices, not both")
        return []
    before = _own(route)
    spots = {price["valid_from"]: place.field("prices").item(index) for index, price in enumerate(dated)}
    history = {price["valid_from"]: _tiers(price, spots[price["valid_from"]]) for price in dated}
    wanted = _history(history, flat, before)
    spots = dict.fromkeys(wanted, place) | spots
    details = _replace(writing, route, wanted, spots) if wanted != before else []
    if price_list.renew(route) and not details:
        details.append("prices renewed from the list")
    return details


def is_given(tiers: Tiers) -> bool:
    return len(tiers) > 1 or any(rate is not None for rate in tiers[0].values())


def _tiers(row: dict[str, Any], place: Place) -> Tiers:
    tiers = {0: _rates(row)}
    for index, longer in enumerate(row["long_prompts"]):
        if longer["above"] in tiers:
            place.field("long_prompts").item(index).field("above").refuse(longer["above"], "each length only once")
        tiers[longer["above"]] = _rates(longer)
    return tiers


def _rates(row: dict[str, Any]) -> Rates:
    return {rate: row[f"{rate}_price"] for rate in RATES}


def _own(route: Route) -> History:
    own = RoutePrice.objects.filter(route=route, source=RoutePrice.Source.OVERRIDE).prefetch_related("long_prompts")
    return {price.valid_from: price.tiers for price in own}


def _history(dated: History, flat: Tiers, before: History) -> History:
    """What the route's own prices shall be."""
    if dated or not is_given(flat):
        return dated
    now = timezone.now()
    past = {start: tiers for start, tiers in before.items() if start <= now}
    if not past:
        return {SINCE_EVER: flat}
    return past if past[max(past)] == flat else {**past, now: flat}


def _replace(writing: Writing, route: Route, wanted: History, spots: dict[datetime, Place]) -> list[str]:
    starts = set(wanted)
    for price in route.prices.prefetch_related("long_prompts"):
        own = price.source == RoutePrice.Source.OVERRIDE
        if (own and wanted.get(price.valid_from) != price.tiers) or (not own and price.valid_from in starts):
            price.delete()
    kept = set(_own(route))
    for start in sorted(starts - kept):
        _add(writing, RoutePrice(route=route, valid_from=start, **wanted[start][0]), wanted[start], spots[start])
    return [f"price {_told(wanted)}"]


def _add(writing: Writing, price: RoutePrice, tiers: Tiers, place: Place) -> None:
    if not _keep(writing, price, place):
        return
    for index, (above, rates) in enumerate(list(tiers.items())[1:]):
        longer = LongPromptPrice(price=price, above=above, **rates)
        _keep(writing, longer, place.field("long_prompts").item(index))


def _keep(writing: Writing, row: Rated, place: Place) -> bool:
    writing.warnings.extend(
        f"{place.field(f'{rate}_price').path}: over 1,000 dollars per million tokens; is the unit right?"
        for rate in row.doubtful()
    )
    return writing.keep(row, [], place)


def _told(wanted: History) -> str:
    if not wanted:
        return "left to the list"
    tiers = wanted[max(wanted)]
    return "; ".join(
        f"over {above:,} tokens {_told_rates(rates)}" if above else _told_rates(rates) for above, rates in tiers.items()
    )


def _told_rates(rates: Rates) -> str:
    return ", ".join(f"{name} {dollars(rate, per=MILLION)}" for name, rate in rates.items() if rate is not None)
