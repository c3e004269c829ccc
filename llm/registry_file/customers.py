"""Organisations and keys as a file writes them."""

from __future__ import annotations

from typing import Any

from llm import vault
from llm.models import ApiKey, Keyring, Organisation, Team
from llm.registry_file.place import Place
from llm.registry_file.readers import Absent
from llm.registry_file.shape import KEY, LIMITS, ORGANISATION
from llm.registry_file.writing import Writing, assign, difference

ORGANISATION_PLAIN = [name for name in ORGANISATION if name not in {"name", "teams", "budgets"}]
KEY_PLAIN = [name for name in KEY if name not in {"name", "organisation", "team", "key", "budgets"}]
RANDOM_ENOUGH = 32


def write_organisations(writing: Writing) -> None:
    for place, row in writing.rows("organisations"):
        organisation = Organisation.objects.filter(name=row["name"]).first() or Organisation(name=row["name"])
        new = organisation.pk is None
        details = assign(organisation, {name: row[name] for name in ORGANISATION_PLAIN})
        if not writing.keep(organisation, details, place):
            continue
        details += _write_teams(writing, organisation, row["teams"], place)
        if new or details:
            writing.note("create" if new else "update", "organisation", organisation.name, details)


def _write_teams(writing: Writing, organisation: Organisation, wanted: list[dict[str, Any]], place: Place) -> list[str]:
    before = {team.name: team for team in organisation.teams.all()}
    names, said = {row["name"] for row in wanted}, list[str]()
    for index, row in enumerate(wanted):
        team = before.get(row["name"]) or Team(organisation=organisation, name=row["name"])
        details = assign(team, {name: row[name] for name in LIMITS})
        writing.keep(team, details, place.field("teams").item(index))
        said += [f"team {team.name} {detail}" for detail in details]
    for name in before.keys() - names:
        before[name].delete()
    return said if set(before) == names else [difference("teams", sorted(before), sorted(names)), *said]


def write_keys(writing: Writing) -> None:
    for place, row in writing.rows("keys"):
        organisation = Organisation.objects.get(name=row["organisation"])
        found = ApiKey.objects.filter(name=row["name"], organisation=organisation).select_related("team").first()
        key = found or ApiKey(name=row["name"], organisation=organisation)
        team = organisation.teams.filter(name=row["team"]).first()
        details = assign(key, {"team": team, **{name: row[name] for name in KEY_PLAIN}})
        details += _write_secret(writing, key, row["key"], place)
        if writing.keep(key, details, place) and (found is None or details):
            writing.note("update" if found else "create", "key", f"{organisation.name}/{key.name}", details)


def _write_secret(writing: Writing, key: ApiKey, given: Any, place: Place) -> list[str]:
    if given is Absent.KEPT:
        if key.digest is None:
            writing.warnings.append(f"{place.path}: without `key: env:NAME` nobody can use it.")
        return []
    if given and not _is_usable(given):
        place.field("key").refuse_unseen(
            "a secret of another form", f"{vault.KEY_PREFIX} and up to {vault.LONGEST_KEY} characters without spaces"
        )
        return []
    if given and len(given) < RANDOM_ENOUGH:
        writing.warnings.append(f"{place.field('key').path}: short enough to be guessed; `create_key` makes safe ones.")
    if key.digest == (vault.digest(given, Keyring.pepper()) if given else None):
        return []
    key.set_secret(given)
    return ["key set" if given else "key cleared"]


def _is_usable(secret: str) -> bool:
    begins = secret.startswith(vault.KEY_PREFIX) and len(secret) > len(vault.KEY_PREFIX)
    return (
        begins and len(secret) <= vault.LONGEST_KEY and secret.isascii() and secret.isprintable() and " " not in secret
    )
