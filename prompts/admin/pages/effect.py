"""What a label's move would change: the words, version by version, and how the examples fare with them."""

from __future__ import annotations

from dataclasses import dataclass

from prompts.admin.pages.comparison import Shown, shown
from prompts.choosing import Split, in_words
from prompts.models import Prompt, Version
from prompts.writing.greenness import outcomes


@dataclass(slots=True, frozen=True)
class Step:
    """From the version that most calls get now to one that some will get."""

    before: Version
    after: Version
    changes: list[Shown]


@dataclass(slots=True, frozen=True)
class Effect:
    """`fares` are the examples' names, each with its outcome on every one of `versions`; None: not run since its last
    change."""

    before: str
    after: str
    is_first: bool
    is_none: bool
    steps: list[Step]
    versions: list[int]
    fares: list[tuple[str, list[str | None]]]


def effect(prompt: Prompt, before: Split, after: Split) -> Effect:
    """Of a move to versions that there are."""
    numbers = list(dict.fromkeys(share["version"] for share in [*before, *after]))
    rows = {row.number: row for row in prompt.versions.filter(number__in=numbers)}
    usual = max(before, key=lambda share: share["weight"])["version"] if before else None
    then = [share["version"] for share in after if share["version"] != usual]
    now = rows.get(usual) if usual is not None else None
    steps = [Step(now, rows[number], shown(now, rows[number])) for number in then] if now is not None else []
    return Effect(
        before=in_words(before),
        after=in_words(after),
        is_first=not before,
        is_none=before == after,
        steps=steps,
        versions=numbers,
        fares=fares(prompt, numbers),
    )


def fares(prompt: Prompt, numbers: list[int]) -> list[tuple[str, list[str | None]]]:
    told = [outcomes(prompt, number) for number in numbers]
    return [(column[0][0], [outcome for _, outcome in column]) for column in zip(*told, strict=True)]
