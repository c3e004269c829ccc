"""With what the page opens: nothing, a prompt's version, or what a record asked, as far as its reader may see it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from analytics.models import RequestBody, RequestLog
from analytics.record_page.prompted import is_written_out
from analytics.record_page.sheet import BODIES
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.playground.doors import VIEW
from prompts.playground.lookups import described

LOG = "analytics.view_requestlog"
RECORD = re.compile(r"(?:gen_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
SETTINGS = ("temperature", "max_tokens")
ROLES = ("system", "developer", "user", "assistant")


def opening(request: HttpRequest) -> JsonObject | None:
    """`note` says, in a sentence, what could not be opened and why."""
    if (wanted := request.GET.get("record")) is not None:
        return of_record(request, wanted)
    if (wanted := request.GET.get("prompt")) is not None:
        return of_prompt(request, wanted)
    return None


def of_prompt(request: HttpRequest, wanted: str) -> JsonObject:
    small = wanted.isdecimal() and len(wanted) < 19
    row = Prompt.objects.filter(pk=int(wanted), archived=False).first() if small else None
    if row is None or not request.user.has_perm(VIEW):
        return {"note": "The prompt could not be opened: there is none, it is archived, or you may not see it."}
    version = request.GET.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < 10 else row.newest
    column = {"prompt": described(row), "edition": f"version:{number}"}
    return {"organisation": row.organisation_id, "column": column}


def of_record(request: HttpRequest, wanted: str) -> JsonObject:
    found = RECORD.fullmatch(wanted.strip())
    if found is None or not request.user.has_perm(LOG):
        return {"note": "The record could not be opened: that is no id of one, or you may not see it."}
    try:
        row = RequestLog.objects.all().identified(UUID(found[1])).first()
    except (ValueError, OverflowError):
        row = None  # the instant inside the id is none
    if row is None:
        return {"note": "The record could not be opened: there is none of this id."}
    opened: JsonObject = {"organisation": row.organisation_id, "column": {"model": row.model}}
    if not request.user.has_perm(BODIES):
        return opened | {"note": "What was said is for those who may read messages; the model alone was opened."}
    body = RequestBody.objects.filter(id=row.id, created_at=row.created_at).first()
    if body is None or not isinstance(body.request, dict):
        return opened | {"note": "What was said was not kept; the model alone was opened."}
    return opened | repeated(request, row, body.request)


def repeated(request: HttpRequest, row: RequestLog, asked: JsonObject) -> JsonObject:
    """A column that asks the same. What the page has no field for is named."""
    column: JsonObject = {"model": row.model, **settings(asked)}
    messages, odd = plain(asked.get("messages"))
    shared: JsonObject = {"messages": messages}
    prompt = named(request, row) if isinstance(asked.get("prompt"), dict) else None
    if prompt is not None:
        version = prompt.versions.filter(number=row.prompt_version or 0).first()
        written = len(version.wording["messages"]) if version and is_written_out(row) else 0
        column |= {"prompt": described(prompt), "edition": f"version:{row.prompt_version}"}
        shared = {"messages": messages[written:], "variables": asked["prompt"].get("variables") or {}}
    found: JsonObject = {"column": column, "shared": shared}
    left = [*odd, *(name for name in ("fallbacks", "provider") if asked.get(name))]
    return found | ({"note": f"Left out, since the page has no place for it: {', '.join(left)}."} if left else {})


def settings(asked: JsonObject) -> JsonObject:
    options = asked.get("options")
    return {name: options[name] for name in SETTINGS if name in options} if isinstance(options, dict) else {}


def named(request: HttpRequest, row: RequestLog) -> Prompt | None:
    """The prompt of a record, the organisation's own before the shared one."""
    if not request.user.has_perm(VIEW):
        return None
    rows = Prompt.objects.filter(name=row.prompt, archived=False)
    return rows.filter(organisation_id=row.organisation_id or 0).first() or rows.filter(organisation=None).first()


def plain(messages: Any) -> tuple[list[JsonObject], list[str]]:
    """Messages of text, and names for what else was in them."""
    kept: list[JsonObject] = []
    odd: dict[str, None] = {}
    for message in messages if isinstance(messages, list) else []:
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            odd[f"messages of the role {role}"] = None
            continue
        words, others = spoken(message.get("content"))
        kept.append({"role": role, "content": words})
        odd |= dict.fromkeys(others)
    return kept, list(odd)


def spoken(content: Any) -> tuple[str, list[str]]:
    """The text of a content, and the kinds of its other parts."""
    words, others = [], []
    for part in content if isinstance(content, list) else [content or ""]:
        match part:
            case str() | {"type": "text", "text": str()}:
                words.append(part if isinstance(part, str) else part["text"])
            case {"type": str(kind)}:
                others.append(f"{kind}s")
            case _:
                others.append("data")
    return "".join(words), others
