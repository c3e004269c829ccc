"""All forms of the page together: filled from a wording, read into one, and blamed for what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.admin.editor import texts
from prompts.admin.editor.forms import Messages, SettingsForm, Variables
from prompts.judging import Problem
from prompts.variables.declaration import APPLIES
from prompts.wording import Wording, read_wording

PLACE = re.compile(r"(messages|variables)\[(\d{1,4})\](?:\.(\w+))?")
OPTION = re.compile(r"options\.(temperature|max_tokens|top_p|stop)\b")
FIELD = re.compile(rf"(messages|variables)\[\d+\]\.\w+|{OPTION.pattern}|(?!messages|variables)\w+")
"""Paths that are what a field holds, as a whole."""
NAMED = ("temperature", "max_tokens", "top_p")
"""Options with a field of their own, which `stop` has too where it is a list."""

Rows = list[dict[str, Any]]


class Sheet:
    def __init__(self, messages: Any, variables: Any, settings: SettingsForm) -> None:
        self.messages = messages
        self.variables = variables
        self.settings = settings

    @classmethod
    def filled(cls, messages: Rows, variables: Rows, settings: dict[str, Any], *, models: list[str]) -> Sheet:
        return cls(
            Messages(initial=messages, prefix="messages"),
            Variables(initial=variables, prefix="variables"),
            SettingsForm(initial=settings, models=models),
        )

    @classmethod
    def sent(cls, said: QueryDict, *, models: list[str]) -> Sheet:
        return cls(
            Messages(said, prefix="messages"), Variables(said, prefix="variables"), SettingsForm(said, models=models)
        )

    def is_readable(self) -> bool:
        """Whether the forms hold what their fields take, be it wrong or right."""
        return all([self.messages.is_valid(), self.variables.is_valid(), self.settings.is_valid()])

    def wording(self) -> Wording:
        """Raises InvalidField."""
        said = self.settings.cleaned_data
        return read_wording(
            Fields(
                {
                    "messages": [form.cleaned_data for form in self.messages.forms],
                    "variables": [_read_variable(form.cleaned_data) for form in self.variables.forms],
                    "model": said["model"] or None,
                    "options": _read_options(said),
                    "optimized_for": texts.read_lines(said["optimized_for"]),
                    "response_schema": texts.read_json(said["response_schema"]),
                },
                "",
                strict=True,
            )
        )

    def blame(self, error: Problem | InvalidField) -> None:
        form, field = self._place((error.path if isinstance(error, Problem) else error.param) or "")
        form.add_error(field if field in form.fields else None, sentence(error))

    def field(self, path: str) -> str | None:
        """The name of the input in which `path` is written."""
        form, field = self._place(path)
        return form.add_prefix(field) if field in form.fields else None

    def _place(self, path: str) -> tuple[forms.Form, str]:
        if place := PLACE.match(path):
            rows = getattr(self, place[1]).forms
            if int(place[2]) < len(rows):
                return rows[int(place[2])], place[3] or ""
        if option := OPTION.match(path):
            return self.settings, option[1]
        return self.settings, re.split(r"[.\[]", path, maxsplit=1)[0]


def sentence(error: Problem | InvalidField) -> str:
    """The path to a field need not be said beside that field; one that leads into it is."""
    where = f"Line {error.line}, column {error.column}: " if isinstance(error, Problem) and error.line else ""
    hint = f" {error.hint[:1].upper()}{error.hint[1:]}" if error.hint else ""
    message = error.message
    if isinstance(error, InvalidField) and FIELD.fullmatch(error.param or ""):
        message = message.removeprefix(f"{error.param}: ")
        message = message[:1].upper() + message[1:]
    said = f"{where}{message}{hint}"
    return said if said.endswith((".", "?")) else f"{said}."


def rows_of(wording: Wording) -> tuple[Rows, Rows, dict[str, Any]]:
    """As the forms show them."""
    said = wording.as_json()
    options = dict(wording.options)
    settings = {name: texts.write_json(options.pop(name, None)) for name in NAMED}
    if isinstance(options.get("stop"), list):
        settings["stop"] = texts.write_lines(options.pop("stop"))
    settings |= {
        "model": wording.model or "",
        "options": texts.write_json(options or None),
        "optimized_for": texts.write_lines(wording.optimized_for),
        "response_schema": texts.write_json(wording.response_schema),
    }
    return said["messages"], [_write_variable(variable) for variable in said["variables"]], settings


def _write_variable(said: JsonObject) -> dict[str, Any]:
    row = {name: said.get(name) or "" for name in ("name", "type", "description", "pattern")}
    row |= {name: texts.write_value(said["type"], said.get(name)) for name in ("default", "example")}
    row |= {name: texts.write_json(said.get(name)) for name in ("min", "max", "min_length", "max_length", "schema")}
    return {**row, "required": said["required"], "choices": texts.write_lines(said.get("choices"))}


def _read_variable(row: dict[str, Any]) -> JsonObject:
    """Without the bounds that are left empty."""
    kind = row["type"]
    said = {"name": row["name"].strip(), "type": kind, "required": row["required"]}
    said |= {name: texts.read_value(kind, row[name]) for name in ("default", "example")}
    said |= {name: texts.read_json(row[name]) for name in APPLIES if name not in ("pattern", "choices")}
    choices = texts.read_lines(row["choices"])
    said |= {"description": row["description"] or None, "pattern": row["pattern"] or None, "choices": choices}
    return {name: value for name, value in said.items() if value is not None}


def _read_options(said: dict[str, Any]) -> Any:
    """Others first: a field of its own has the last word."""
    others = texts.read_json(said["options"])
    named = {name: texts.read_json(said[name]) for name in NAMED} | {"stop": texts.read_lines(said["stop"])}
    if others is not None and not isinstance(others, dict):
        return others
    return (others or {}) | {name: value for name, value in named.items() if value is not None}
