"""What a file says of limits and budgets that may be meant, but hardly is."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from llm.models import ApiKey, Budget, Organisation, Provider, Route, Team
from llm.models.limited import Limited
from llm.registry_file.place import Place
from llm.registry_file.writing import Writing


def doubt_limits(writing: Writing) -> None:
    """Last, once all rows are there that count together."""
    for place, row in _limited(writing):
        writing.warnings += [f"{place.path}: {doubt}" for doubt in row.doubts()]
    for budget in _budgets(writing):
        writing.warnings += [f"{budget} of {budget.organisation}: {doubt}" for doubt in budget.doubts()]


def _limited(writing: Writing) -> Iterator[tuple[Place, Limited]]:
    for place, row in writing.rows("providers"):
        yield place, Provider.objects.get(name=row["name"])
    routes = Route.objects.select_related("provider", "model")
    for place, row in writing.rows("models"):
        for index, way in enumerate(row["routes"]):
            named = {"provider__name": way["provider"], "upstream_model": way["upstream_model"]}
            yield place.field("routes").item(index), routes.get(model__name=row["name"], **named)
    for place, row in writing.rows("organisations"):
        organisation = Organisation.objects.get(name=row["name"])
        yield place, organisation
        for index, team in enumerate(row["teams"]):
            yield place.field("teams").item(index), Team.objects.get(organisation=organisation, name=team["name"])
    keys = ApiKey.objects.select_related("organisation", "team")
    for place, row in writing.rows("keys"):
        yield place, keys.get(organisation__name=row["organisation"], name=row["name"])


def _budgets(writing: Writing) -> QuerySet[Budget]:
    """Of all organisations that the file speaks of; several keys may say the same one."""
    spoken_of = {row["name"] for _, row in writing.rows("organisations")}
    spoken_of |= {row["organisation"] for _, row in writing.rows("keys")}
    return Budget.objects.filter(organisation__name__in=spoken_of).select_related("organisation", "key", "team")
