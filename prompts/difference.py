"""What one version says otherwise than another: by message, by variable and by setting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from llm.types import JsonObject
from prompts.variables import Variable
from prompts.wording import Line, Wording
from prompts.words import Comparison, Piece

Subject = Literal["message", "variable", "setting"]
Happening = Literal["added", "removed", "changed"]

Lines = tuple[int, tuple[Line, ...]]
"""Messages that follow one another, and the place of the first, from 0."""


@dataclass(frozen=True, slots=True)
class Change:
    """`name` is a message's place (`1`, or `1 → 2` where it moved), a variable's or a setting's name.

    `before` and `after` are a message's roles, else the settings as text; `pieces` tell the text word by word.
    """

    subject: Subject
    name: str
    happening: Happening
    before: str | None
    after: str | None
    pieces: tuple[Piece, ...]

    def as_json(self) -> JsonObject:
        said: JsonObject = {
            "subject": self.subject,
            "name": self.name,
            "change": self.happening,
            "before": self.before,
            "after": self.after,
            "pieces": [{"kind": kind, "text": text} for kind, text in self.pieces],
        }
        return said


def difference(before: Wording, after: Wording) -> list[Change]:
    """Nothing of what is the same. Two wordings of any length take a fraction of a second."""
    comparison = Comparison()
    return [
        *_messages(before.messages, after.messages, comparison),
        *_named("variable", _variables(before.variables), after=_variables(after.variables), comparison=comparison),
        *_named("setting", _settings(before), after=_settings(after), comparison=comparison),
    ]


def _messages(before: tuple[Line, ...], after: tuple[Line, ...], comparison: Comparison) -> Iterator[Change]:
    """Equal messages are found first, so that one put in between does not change all that follow."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, other, last in matcher.get_opcodes():
        if tag != "equal":
            yield from _exchanged((start, before[start:end]), (other, after[other:last]), comparison)


def _exchanged(old: Lines, new: Lines, comparison: Comparison) -> Iterator[Change]:
    """Pair by pair; those left over are removed or added."""
    start, before = old
    other, after = new
    for step, (line, fresh) in enumerate(zip(before, after, strict=False)):
        name = str(start + step + 1) if start == other else f"{start + step + 1} → {other + step + 1}"
        told = comparison.pieces(line.content, fresh.content)
        yield Change("message", name, "changed", line.role, fresh.role, told)
    for index, line in enumerate(before[len(after) :], start + len(after) + 1):
        yield Change("message", str(index), "removed", line.role, None, _only("gone", line.content))
    for index, line in enumerate(after[len(before) :], other + len(before) + 1):
        yield Change("message", str(index), "added", None, line.role, _only("new", line.content))


def _only(kind: Literal["gone", "new"], text: str) -> tuple[Piece, ...]:
    return ((kind, text),) if text else ()


def _variables(variables: tuple[Variable, ...]) -> dict[str, str]:
    return {variable.name: _written(variable.as_json()) for variable in variables}


def _settings(wording: Wording) -> dict[str, str]:
    """Those that are said, each as text; an option by its own name."""
    said = wording.as_json()
    settings = {name: said[name] for name in ("model", "optimized_for", "response_schema") if said[name]}
    settings |= {f"options.{name}": value for name, value in wording.options.items()}
    return {name: _said(value) for name, value in settings.items()}


def of_settings(before: Mapping[str, object], after: Mapping[str, object]) -> list[Change]:
    """Two objects, name by name, word by word."""
    old, new = ({name: _said(value) for name, value in each.items()} for each in (before, after))
    return list(_named("setting", old, after=new, comparison=Comparison()))


def _said(value: object) -> str:
    return value if isinstance(value, str) else _written(value)


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1 if isinstance(value, dict | list) else None)


def _named(
    subject: Subject, before: Mapping[str, str], *, after: Mapping[str, str], comparison: Comparison
) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            happening: Happening = "added" if old is None else "removed" if new is None else "changed"
            yield Change(subject, name, happening, old, new, comparison.pieces(old or "", new or ""))
