"""What one version of a prompt says: a frozen value, read from JSON and written as the very same JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from llm.dialects.fields import Fields, too_many
from llm.dialects.options import read_options
from llm.types import JsonObject
from prompts.variables import Variable, read_variables

Role = Literal["system", "developer", "user", "assistant"]
ROLES: tuple[Role, ...] = get_args(Role)

MAX_MESSAGES = 100
LONGEST_CONTENT = 100_000
LONGEST_CONTENTS = 400_000
"""Characters of one content, and of all together."""

MAX_MODELS = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One message; `content` is a template."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Wording:
    """`options` bear the names of the native surface; `optimized_for` names models."""

    messages: tuple[Line, ...]
    variables: tuple[Variable, ...] = ()
    model: str | None = None
    options: JsonObject = field(default_factory=dict)
    optimized_for: tuple[str, ...] = ()
    response_schema: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """What `read_wording` reads back as this very value."""
        said: dict[str, Any] = {
            "messages": [{"role": line.role, "content": line.content} for line in self.messages],
            "variables": [variable.as_json() for variable in self.variables],
            "model": self.model,
            "options": self.options,
            "optimized_for": list(self.optimized_for),
            "response_schema": self.response_schema,
        }
        return said


def read_wording(fields: Fields) -> Wording:
    """All of `fields`. Raises InvalidField with the path of what has a wrong shape; `problems` judges the rest."""
    wording = Wording(
        messages=_read_messages(fields),
        variables=read_variables(fields),
        model=fields.text("model"),
        options=_read_options(fields),
        optimized_for=tuple(fields.texts("optimized_for", most=MAX_MODELS) or ()),
        response_schema=fields.mapping("response_schema"),
    )
    fields.rest()
    return wording


def _read_messages(fields: Fields) -> tuple[Line, ...]:
    lines = tuple(_read_line(line) for line in fields.each("messages", most=MAX_MESSAGES) or ())
    if not lines:
        raise fields.wrong("messages", None, "at least one message")
    if (length := sum(len(line.content) for line in lines)) > LONGEST_CONTENTS:
        raise too_many(fields.at("messages"), length, LONGEST_CONTENTS, "characters in all contents together")
    return lines


def _read_line(fields: Fields) -> Line:
    role = fields.word("role", ROLES)
    if role is None:
        raise fields.wrong("role", None, f"one of {', '.join(ROLES)}")
    content = fields.text("content", most=LONGEST_CONTENT)
    if content is None:
        raise fields.wrong("content", None, "a string")
    fields.rest()
    return Line(role, content)


def _read_options(fields: Fields) -> JsonObject:
    """As they were said, once the native surface's own reader has found nothing wrong."""
    said = fields.mapping("options") or {}
    options = {name: value for name, value in said.items() if value is not None}
    reader = Fields(options, fields.at("options"), strict=True)
    read_options(reader)
    reader.rest()
    return options
