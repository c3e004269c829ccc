"""One version, to be read: what it says, what it takes, and how it is asked."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from llm.admin.own import own_page
from prompts.admin.pages.doors import EDIT, LOOK, door, numbered
from prompts.models import Prompt
from prompts.variables import json_schema

SETTINGS = ("model", "options", "optimized_for", "response_schema")


@door(LOOK)
def version(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    row = numbered(prompt, number)
    wording = row.opened()
    said = wording.as_json()
    context = {
        "title": f"{prompt.name}: version {number}",
        "prompt": prompt,
        "version": row,
        "wording": wording,
        "settings": [(name, pretty(said[name])) for name in SETTINGS if said[name]],
        "schema": pretty(json_schema(wording.variables)),
        "may_edit": request.user.has_perm(EDIT),
    }
    return own_page(request, "pages/prompts/version.html", context)


def pretty(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
