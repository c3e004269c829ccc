"""Where in a registry file something stands, and what is wrong there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

LONGEST_GOT = 80
CREDENTIALS = re.compile(r"(?<=://)[^\s@]+(?=@)")
"""In an address, where they do not belong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` as in `models[0].routes[1].provider`; `got` as a person would quote it, never a secret."""

    path: str
    got: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.path}: got {self.got}, wanted {self.wanted}"


class Refused(Exception):
    """The file cannot be applied; nothing was."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in the file that can refuse what it finds; all spots share one list of problems."""

    path: str
    problems: list[Problem]

    def field(self, name: str) -> Place:
        return Place(f"{self.path}.{name}" if self.path else name, self.problems)

    def item(self, index: int) -> Place:
        return Place(f"{self.path}[{index}]", self.problems)

    def refuse(self, got: Any, wanted: str) -> None:
        self.refuse_unseen(_quoted(got), wanted)

    def refuse_unseen(self, got: str, wanted: str) -> None:
        """For what must not be quoted: `got` describes it."""
        self.problems.append(Problem(self.path or "the file", got, wanted))


def _quoted(got: Any) -> str:
    if got is None:
        return "nothing"
    if isinstance(got, (dict, list)):
        return "an object" if isinstance(got, dict) else "a list"
    text = repr(CREDENTIALS.sub("…", got)) if isinstance(got, str) else str(got)
    return text if len(text) <= LONGEST_GOT else f"{text[:LONGEST_GOT]}…"
