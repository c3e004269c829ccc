"""Budgets as a file writes them: a key's own under the key; those of its organisation under either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llm.models import ApiKey, Budget, Organisation, Scope
from llm.models.money import dollars
from llm.registry_file.place import Place
from llm.registry_file.writing import Writing, assign, difference

SAME = ("scope", "key", "team", "match", "period", "hard")
"""What makes two budgets one: then the one that is there keeps what was spent in it."""


@dataclass(slots=True)
class Wanted:
    place: Place
    budget: Budget

    @property
    def identity(self) -> tuple[Any, ...]:
        return _identity(self.budget)


def write_budgets(writing: Writing) -> None:
    """Last, for they speak of teams and keys."""
    of_keys, shared = _wanted(writing)
    named = {row["name"] for _, row in writing.rows("organisations")}
    for key, budgets in of_keys.items():
        name = f"{key.organisation.name}/{key.name}"
        _write(writing, ("key", name), list(key.budgets.all()), _once(budgets), exactly=True)
    for organisation, budgets in shared.items():
        before = list(organisation.budgets.filter(key=None).order_by("pk"))
        is_named = organisation.name in named
        _write(writing, ("organisation", organisation.name), before, _once(budgets), exactly=is_named)


def _wanted(writing: Writing) -> tuple[dict[ApiKey, list[Wanted]], dict[Organisation, list[Wanted]]]:
    of_keys: dict[ApiKey, list[Wanted]] = {}
    shared: dict[Organisation, list[Wanted]] = {}
    for place, row in writing.rows("organisations"):
        organisation = Organisation.objects.get(name=row["name"])
        shared[organisation] = [
            wanted for spot, said in _each(place, row) if (wanted := _shared(organisation, said, spot))
        ]
    for place, row in writing.rows("keys"):
        key = ApiKey.objects.select_related("organisation", "team").get(
            name=row["name"], organisation__name=row["organisation"]
        )
        of_keys[key] = []
        for spot, said in _each(place, row):
            found = _of_key(key, said, spot)
            (of_keys[key] if found.budget.key else shared.setdefault(key.organisation, [])).append(found)
    return of_keys, shared


def _each(place: Place, row: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for index, said in enumerate(row["budgets"]):
        yield place.field("budgets").item(index), said


def _of_key(key: ApiKey, said: dict[str, Any], place: Place) -> Wanted:
    budget = Budget(organisation=key.organisation, **said)
    if budget.scope == Scope.KEY:
        budget.key = key
    if budget.scope == Scope.TEAM:
        budget.team = key.team
        if key.team is None:
            place.field("scope").refuse(budget.scope, "another scope, for the key belongs to no team")
    return Wanted(place, budget)


def _shared(organisation: Organisation, said: dict[str, Any], place: Place) -> Wanted | None:
    """A team is named by `match`."""
    budget = Budget(organisation=organisation, **said)
    if budget.scope == Scope.KEY:
        place.field("scope").refuse(budget.scope, "organisation, team, user or tag; a key's own stand under the key")
        return None
    if budget.scope == Scope.TEAM:
        budget.team, budget.match = organisation.teams.filter(name=budget.match).first(), ""
        if budget.team is None:
            place.field("match").refuse(said["match"] or None, "the name of one of its teams")
    return Wanted(place, budget)


def _once(wanted: list[Wanted]) -> list[Wanted]:
    """What is said twice in the same words is meant once; two hard budgets of one kind cannot both be meant."""
    kept: list[Wanted] = []
    for one in wanted:
        alike = [other for other in kept if other.identity == one.identity]
        if any(_terms(other.budget) == _terms(one.budget) for other in alike):
            continue
        if alike and one.budget.hard:
            other = alike[0].place.path
            one.place.field("amount").refuse(_dollars(one.budget), f"what {other} says of the same scope and period")
        kept.append(one)
    return kept


def _write(
    writing: Writing, whose: tuple[str, str], before: list[Budget], wanted: list[Wanted], *, exactly: bool
) -> None:
    if writing.problems:
        return
    told = [_label(budget) for budget in before]
    left, there = list(before), list[Budget | None]()
    for one in wanted:
        there.append(next((budget for budget in left if _identity(budget) == one.identity), None))
        if there[-1] is not None:
            left.remove(there[-1])
    for budget in left if exactly else ():
        budget.delete()
    for one, found in zip(wanted, there, strict=True):
        if found is None:
            writing.keep(one.budget, [], one.place)
        else:
            details = assign(found, {"amount": one.budget.amount, "alert_at": one.budget.alert_at})
            writing.keep(found, details, one.place)
    after = [_label(one.budget) for one in wanted] + ([] if exactly else [_label(budget) for budget in left])
    if sorted(told) != sorted(after):
        writing.note("update", *whose, [difference("budgets", told, after)])


def _identity(budget: Budget) -> tuple[Any, ...]:
    return tuple(getattr(budget, name) for name in SAME)


def _terms(budget: Budget) -> tuple[int, list[int]]:
    return budget.amount, budget.alert_at


def _dollars(budget: Budget) -> str:
    return format(dollars(budget.amount), "f")


def _label(budget: Budget) -> str:
    """As it is shown where it changes."""
    kind = "hard" if budget.hard else "soft"
    whose = f"{budget.scope} {budget.team or budget.match}".strip()
    shares = ", ".join(map(str, budget.alert_at))
    return f"{whose}: {kind} ${_dollars(budget)} a {budget.period}, told at {shares}%"
