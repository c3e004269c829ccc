"""What a model's name asks for: `words-50+gap-100ms` is two words. The table in README.md is made from here.

A name that begins with anything else is an ordinary model, also with words after it: `gpt-4o+tool`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.upstream.scene import Scene
from tests.upstream.vocabulary import Stage, Word
from tests.upstream.words import WORDS

STAGES: dict[Stage, str] = {
    "answer": "What is said",
    "frames": "How it is laid out",
    "reply": "What is answered instead, headers, and the body's bytes",
    "delivery": "How it gets through the socket",
}
FLAKY = re.compile(r"flaky-(\d+)-(.+)")
RECOVERED = "recovered"
AS_ASKED = "as-asked"
"""Models that begin so have what was said to them last for their words."""


class UnknownWord(Exception):
    """A name that begins in the vocabulary and leaves it: a slip in a test, not a model."""


@dataclass(slots=True, frozen=True)
class Use:
    """A word with its parameters, ready to change a scene."""

    word: Word
    parameters: dict[str, Any]

    def __call__(self, scene: Scene) -> None:
        self.word.apply(scene, **self.parameters)


def name_of_try(name: str, number: int) -> str:
    """The name that counts for the `number`th try of one call: a flaky one fails first, then is ordinary."""
    flaky = FLAKY.fullmatch(name)
    if not flaky:
        return name
    return flaky[2] if number <= int(flaky[1]) else RECOVERED


def parse(name: str) -> list[Use]:
    """The words in a name, in the order of the vocabulary; none for an ordinary model. Raises UnknownWord."""
    found = [(term, _find(term)) for term in name.split("+")]
    for term, use in found[1:]:
        if use is None:
            raise UnknownWord(f"`{term}` in the model's name `{name}` is no word of the vocabulary.")
    uses = [use for _, use in found if use]
    return sorted(uses, key=lambda use: WORDS.index(use.word))


def _find(term: str) -> Use | None:
    """A word without parameters goes before one that would swallow it: `finish-twice` is no finish reason."""
    for candidate in sorted(WORDS, key=lambda word: "{" in word.template):
        parameters = candidate.match(term)
        if parameters is not None:
            return Use(candidate, parameters)
    return None


def table() -> str:
    """The vocabulary as Markdown, one table a stage."""
    parts = []
    for stage, title in STAGES.items():
        rows = [f"| `{word.template}` | {word.does} |" for word in WORDS if word.stage == stage]
        parts.append("\n".join([f"### {title}", "", "| word | what it does |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
