"""Examples as people write them: named values for a prompt's variables, and what its answers must be like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from llm.dialects.fields import Fields
from llm.errors import InvalidField, NotFound
from llm.types import JsonObject
from prompts.checks import read_checks
from prompts.models import Example, Prompt
from prompts.texts import check_kept
from prompts.writing.bundle import atomic, held
from prompts.writing.editing import plain

LONGEST_NAME = 200
LONGEST_EXPECTED = 100_000
MOST_EXAMPLES = 1_000
CONTENT = ("name", "variables", "expected", "checks")


@dataclass(slots=True)
class Draft:
    """`source` is the id of the generation it was taken from."""

    name: str
    variables: JsonObject = field(default_factory=dict)
    expected: str = ""
    checks: list[JsonObject] = field(default_factory=list)
    source: UUID | None = None


def read_example(fields: Fields) -> Draft:
    """All of `fields`. Raises InvalidField."""
    draft = Draft(
        name=fields.required_text("name", most=LONGEST_NAME),
        variables=fields.mapping("variables") or {},
        expected=fields.text("expected", most=LONGEST_EXPECTED) or "",
        checks=[check.as_json() for check in read_checks(fields)],
    )
    fields.rest()
    return draft


def check_draft(draft: Draft) -> None:
    """Raises InvalidField for what no column holds."""
    plain(draft.name, "name", LONGEST_NAME)
    plain(draft.expected, "expected", LONGEST_EXPECTED)
    check_kept(draft.variables, "variables")
    check_kept(draft.checks, "checks")


@atomic
def save_example(prompt: Prompt, draft: Draft, example: Example | None = None) -> str | None:
    """By its name where no row is named. What became of it: `new`, `changed`, or None where it says the same.

    Raises InvalidField, and NotFound where the row was deleted meanwhile.
    """
    check_draft(draft)
    locked = held(prompt)
    row = locked.examples.filter(**({"pk": example.pk} if example else {"name": draft.name})).first()
    if row is None and example is not None:
        raise NotFound(f"{example} was deleted meanwhile.", param="id", code="example_not_found")
    if row is not None and all(getattr(row, name) == getattr(draft, name) for name in CONTENT):
        return None
    if row is None and locked.examples.count() >= MOST_EXAMPLES:
        raise InvalidField(f"{prompt.name} has {MOST_EXAMPLES:,} examples, and no room for more.", param="name")
    if row is not None and locked.examples.filter(name=draft.name).exclude(pk=row.pk).exists():
        raise InvalidField(f"{prompt.name} has an example {draft.name} already.", param="name", code="name_taken")
    said: dict[str, Any] = {
        "name": draft.name,
        "expected": draft.expected,
        "variables": draft.variables,
        "checks": draft.checks,
        "changed_at": timezone.now(),
    }
    if row is None:
        Example.objects.create(prompt=locked, source=draft.source, **said)
        return "new"
    for name, value in said.items():
        setattr(row, name, value)
    row.save()
    return "changed"


@atomic
def delete_example(prompt: Prompt, example: Example) -> None:
    """With all results it ever had."""
    held(prompt)
    example.delete()
