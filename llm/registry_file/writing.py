"""The pen: puts values into rows, keeps what changed and what was refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model as Row

from llm.registry_file.place import Place, Problem
from llm.registry_file.shape import Document

UNSEEN = {"digest": "key", "sealed_secret": "api_key"}


@dataclass(slots=True)
class Change:
    """`verb` is create, update or delete; `details` say what of an updated row is different."""

    verb: str
    noun: str
    name: str
    details: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = f": {'; '.join(self.details)}" if self.details and self.verb == "update" else ""
        return f"{self.verb} {self.noun} {self.name}{told}"


@dataclass(slots=True)
class Outcome:
    changes: list[Change]
    warnings: list[str]


class Writing:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._changes: dict[tuple[str, str], Change] = {}

    def rows(self, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        root = Place(section, self.problems)
        for index, row in enumerate(self.document[section] or []):
            yield root.item(index), row

    def outcome(self) -> Outcome:
        return Outcome(list(self._changes.values()), self.warnings)

    def note(self, verb: str, noun: str, name: str, details: list[str]) -> None:
        """What is said of one object is gathered; what was created is not also said to be updated."""
        change = self._changes.setdefault((noun, name), Change(verb, noun, name))
        change.details.extend(details)

    def keep(self, row: Row, details: list[str], place: Place) -> bool:
        """Check and save a row that is new or differs; False where it was refused."""
        if not details and not row._state.adding:
            return True
        try:
            row.full_clean()
        except ValidationError as error:
            _refuse(row, error, place)
            return False
        row.save()
        return True


def assign(row: Row, values: dict[str, Any]) -> list[str]:
    """Put `values` into the row and say in words which were others before."""
    details = [
        difference(name, before, value) for name, value in values.items() if (before := getattr(row, name)) != value
    ]
    for name, value in values.items():
        setattr(row, name, value)
    return details


def difference(name: str, before: Any, after: Any) -> str:
    return f"{name} {_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _refuse(row: Row, error: ValidationError, place: Place) -> None:
    for name, messages in error.message_dict.items():
        wanted = " ".join(messages).removeprefix("Must be ")
        if name == NON_FIELD_ERRORS:
            place.refuse_unseen("values that do not go together", wanted)
        elif name in UNSEEN:
            place.field(UNSEEN[name]).refuse_unseen("a secret", wanted)
        else:
            got = getattr(row, name)
            place.field(name).refuse(None if got == "" else got, wanted)
