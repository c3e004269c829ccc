"""Rows added, taken out and put in another order without a script: the page comes back with all that was typed."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from prompts.admin.editor.forms import Messages, Variables
from prompts.admin.editor.sheet import Rows, Sheet

BLANK: dict[str, dict[str, Any]] = {
    "messages": {"role": "user", "content": ""},
    "variables": {"type": "string", "required": True},
}


def changed(said: QueryDict, wish: str, *, models: list[str]) -> Sheet:
    """`wish` is such as `messages:add`, `variables:2:out` or `messages:1:up`; one that makes no sense does nothing."""
    sheet = Sheet.sent(said, models=models)
    noun, *more = wish.split(":")
    rows = {"messages": typed(sheet.messages), "variables": typed(sheet.variables)}
    if noun in rows and more:
        _change(rows[noun], BLANK[noun], more)
    settings = {name: sheet.settings[name].value() for name in sheet.settings.fields}
    return Sheet.filled(rows["messages"], rows["variables"], settings, models=models)


def typed(rows: Any) -> Rows:
    """What stands in the fields, right or wrong."""
    assert isinstance(rows, Messages | Variables)
    return [{name: form[name].value() for name in form.fields} for form in rows.forms]


def _change(rows: Rows, blank: dict[str, Any], wish: list[str]) -> None:
    place = int(wish[0]) if wish[0].isascii() and wish[0].isdecimal() and len(wish[0]) < 4 else len(rows)
    match [*wish[1:]]:
        case [] if wish[0] == "add":
            rows.append(dict(blank))
        case ["out"] if place < len(rows):
            del rows[place]
        case ["up"] if 0 < place < len(rows):
            rows[place - 1 : place + 1] = reversed(rows[place - 1 : place + 1])
        case ["down"] if place < len(rows) - 1:
            rows[place : place + 2] = reversed(rows[place : place + 2])
