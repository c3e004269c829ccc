"""Actions on several rows at once, which first say how many these are and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from llm.errors import CallerError

MOST_NAMED = 20
Work = Callable[[Any, Any, HttpRequest], str]
"""Takes the page and one row, which it changes and saves for whoever asks; tells the history what it did, or raises
CallerError, and then no row is changed."""


def confirmed(verb: str, *, effect: str, permission: str = "change") -> Callable[[Work], Any]:
    """The action `verb`, carried out once `effect` was read and agreed to, by who may `permission`."""

    def decorate(work: Work) -> Any:
        @admin.action(description=f"{verb} the chosen %(verbose_name_plural)s", permissions=[permission])
        @wraps(work)
        def act(desk: Any, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
            if "agreed" not in request.POST:
                return _question(desk, request, rows, {"verb": verb, "effect": effect, "action": work.__name__})
            _carry_out(desk, request, rows, work)
            return None

        return act

    return decorate


def _carry_out(desk: Any, request: HttpRequest, rows: QuerySet[Any], work: Work) -> None:
    try:
        with transaction.atomic():
            told = [(row, work(desk, row, request)) for row in rows]
            for row, said in told:
                desk.log_change(request, row, [{"changed": {"fields": [said]}}])
    except CallerError as error:
        messages.error(request, f"Nothing was done. {error.message}")
        return
    messages.success(request, f"Done for {_counted(desk, len(told))}.")


def _question(desk: Any, request: HttpRequest, rows: QuerySet[Any], said: dict[str, str]) -> TemplateResponse:
    chosen = list(rows)
    context = {
        **desk.admin_site.each_context(request),
        **said,
        "title": f"{said['verb']} {_counted(desk, len(chosen))}?",
        "opts": desk.opts,
        "chosen": chosen[:MOST_NAMED],
        "more": len(chosen) - MOST_NAMED,
        "keys": [row.pk for row in chosen],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/llm/confirm.html", context)


def _counted(desk: Any, number: int) -> str:
    return f"{number:,} {desk.opts.verbose_name if number == 1 else desk.opts.verbose_name_plural}"
