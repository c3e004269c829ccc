"""One version, to be read: what it says, what it takes, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse

from llm.admin.own import own_page
from prompts.admin.editor.forms import called
from prompts.admin.pages.doors import EDIT, LOOK, door, numbered
from prompts.models import Prompt
from prompts.variables import Variable, json_schema
from prompts.wording import Wording

SETTINGS = ("model", "options", "optimized_for", "response_schema")
FEW = 10
"""Choices that are told one by one."""


@door(LOOK)
def version(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    row = numbered(prompt, number)
    wording = row.opened()
    context = {
        "title": f"{prompt.name}: version {number}",
        "prompt": prompt,
        "version": row,
        "wording": wording,
        "variables": [(variable, allowed(variable)) for variable in wording.variables],
        "settings": list(settings(wording)),
        "labels": [label.name for label in prompt.labels.all() if any(s["version"] == number for s in label.split)],
        "schema": pretty(json_schema(wording.variables)),
        "may_edit": request.user.has_perm(EDIT),
    }
    return own_page(request, "pages/prompts/version.html", context)


def settings(wording: Wording) -> Iterator[tuple[str, str]]:
    """By the names of their fields, as text."""
    said = wording.as_json()
    for name in SETTINGS:
        for key, value in said[name].items() if name == "options" else [(name, said[name])]:
            if value or value == 0:
                yield called(key), pretty(value)


def allowed(variable: Variable) -> str:
    """In words, what its value must be beside of its type; nothing, if anything goes."""
    length = "items" if variable.type == "array" else "characters"
    told = [
        _choices(variable.choices or ()),
        _between(variable.min, variable.max, ""),
        _between(variable.min_length, variable.max_length, f" {length}"),
        f"like {variable.pattern}" if variable.pattern is not None else "",
        "as its JSON Schema says" if variable.schema is not None else "",
        f"left out: {pretty(variable.default)}" if variable.default is not None else "",
    ]
    return "; ".join(filter(None, told))


def _choices(choices: Sequence[str]) -> str:
    more = f" and {len(choices) - FEW} more" if len(choices) > FEW else ""
    return ", ".join(choices[:FEW]) + more


def _between(least: float | None, most: float | None, unit: str) -> str:
    if least is None:
        return f"at most {most}{unit}" if most is not None else ""
    return f"{least} to {most}{unit}" if most is not None else f"at least {least}{unit}"


def pretty(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
