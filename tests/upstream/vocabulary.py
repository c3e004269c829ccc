"""What a word of the vocabulary is, and how one is registered. Each does one thing to a scene at one stage."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Literal

Stage = Literal["answer", "frames", "reply", "delivery"]


def seconds(text: str) -> float:
    """`500ms`, `2s` or `0.5s` as seconds."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])


CONVERTERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "n": (r"\d+", int),
    "code": (r"[2-5]\d\d", int),
    "time": (r"\d+(?:\.\d+)?(?:ms|s)", seconds),
    "seconds": (r"-?\d+(?:\.\d+)?", str),
    "text": (r"[\w.-]+", str),
}


@dataclass(slots=True, frozen=True)
class Word:
    template: str
    stage: Stage
    apply: Callable[..., None]
    pattern: re.Pattern[str]

    @property
    def does(self) -> str:
        return " ".join((getdoc(self.apply) or "").split())

    def match(self, term: str) -> dict[str, Any] | None:
        found = self.pattern.fullmatch(term)
        return found and {name: CONVERTERS[name][1](text) for name, text in found.groupdict().items()}


WORDS: list[Word] = []


def word(template: str, stage: Stage) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function on scenes under `template`; its docstring is its line in the table."""

    def register(apply: Callable[..., None]) -> Callable[..., None]:
        pattern = re.sub(r"\\{(\w+)\\}", lambda name: f"(?P<{name[1]}>{CONVERTERS[name[1]][0]})", re.escape(template))
        WORDS.append(Word(template, stage, apply, re.compile(pattern)))
        return apply

    return register
