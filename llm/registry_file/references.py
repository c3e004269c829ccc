"""Names in a file that must lead somewhere: into the same file, or to a row that stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from llm.models import Alias, Model, Organisation, Provider, Team
from llm.models.bounds import is_pattern
from llm.registry_file.place import Place, Problem
from llm.registry_file.shape import FALLBACKS, SECTIONS, Document


def misled(document: Document, *, prune: bool) -> list[Problem]:
    """Every name that stands twice or leads nowhere, with the nearest ones that would do."""
    root = Place("", [])
    for section in SECTIONS:
        _check_once(document, section, root)
    _check_names(document, _Known(document, prune=prune), root)
    return root.problems


class _Known:
    """What may be referred to after the file is applied."""

    def __init__(self, document: Document, *, prune: bool) -> None:
        self._document = document
        self._prune = prune
        self.providers = self._names("providers") | self._stored("providers", Provider.objects.values_list("name"))
        self.organisations = self._names("organisations") | self._stored(
            "organisations", Organisation.objects.values_list("name")
        )
        named = self._names("models")
        written = {alias for row in document["models"] or [] for alias in row["aliases"]}
        stored = self._stored("models", Model.objects.values_list("name"))
        aliases = self._stored("models", Alias.objects.exclude(model__name__in=named).values_list("name"))
        self.public = named | stored
        self.models = self.public | written | aliases
        self.teams = self._teams()

    def _names(self, section: str) -> set[str]:
        return {row["name"] for row in self._document[section] or []}

    def _stored(self, section: str, rows: Iterable[tuple[str]]) -> set[str]:
        leaves = self._prune and self._document[section] is not None
        return set() if leaves else {name for (name,) in rows}

    def _teams(self) -> dict[str, set[str]]:
        teams: dict[str, set[str]] = {}
        for organisation, team in Team.objects.values_list("organisation__name", "name"):
            teams.setdefault(organisation, set()).add(team)
        written = self._document["organisations"] or []
        return teams | {row["name"]: {team["name"] for team in row["teams"]} for row in written}


def _check_once(document: Document, section: str, root: Place) -> None:
    seen: set[tuple[str, ...]] = set()
    for place, row in _rows(document, section, root):
        name = (row["organisation"], row["name"]) if section == "keys" else (row["name"],)
        for field, one in (("name", name), *(("aliases", (alias,)) for alias in row.get("aliases", []))):
            if one in seen:
                place.field(field).refuse(one[-1], "a name that stands only once in this file")
            seen.add(one)


def _check_names(document: Document, known: _Known, root: Place) -> None:
    for place, row in _rows(document, "providers", root):
        _check(place.field("default_model"), row["default_model"], "a model", known.models)
    for place, row in _rows(document, "models", root):
        _check(place.field("successor"), row["successor"], "a model", known.models)
        for field in FALLBACKS:
            for index, name in enumerate(row[field]):
                _check(place.field(field).item(index), name, "a model", known.models)
        for index, route in enumerate(row["routes"]):
            spot = place.field("routes").item(index).field("provider")
            _check(spot, route["provider"], "a provider", known.providers)
    for place, row in _rows(document, "keys", root):
        _check(place.field("organisation"), row["organisation"], "an organisation", known.organisations)
        _check(place.field("team"), row["team"], "one of its teams", known.teams.get(row["organisation"], set()))
        for index, name in enumerate(row["models"]):
            if not is_pattern(name):
                _check(place.field("models").item(index), name, "a model's own name", known.public)


def _check(place: Place, name: str | None, wanted: str, known: set[str]) -> None:
    if name is None or name in known:
        return
    near = get_close_matches(name, sorted(known), n=3, cutoff=0.4)
    place.refuse(name, f"{wanted} (did you mean {' or '.join(near)}?)" if near else f"{wanted} that exists")


def _rows(document: Document, section: str, root: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    for index, row in enumerate(document[section] or []):
        yield root.field(section).item(index), row
