"""The page itself: what it opens with, and all that its script has to know."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from llm.admin.own import POLICY, own_page
from llm.types import JsonObject
from llm.wiring import catalog
from prompts.playground.doors import CHANGE, VIEW
from prompts.playground.opening import LOG, opening
from prompts.staff_keys import SPEND, payers

CONNECTING = f"{POLICY}; connect-src 'self'"
ANY = "00000000-0000-0000-0000-000000000000"
"""Stands in an address for a record that is not known yet."""


def _page(request: HttpRequest) -> HttpResponse:
    context = {"title": "Playground"}
    if not request.user.has_perm(SPEND):
        return own_page(request, "pages/playground_closed.html", context, status=403)
    organisations: list[JsonObject] = [{"id": one.pk, "name": one.name} for one in payers(request.user)]
    told = start(request, organisations)
    return own_page(
        request,
        "pages/playground.html",
        context | {"start": told, "organisations": organisations},
        policy=CONNECTING,
    )


def start(request: HttpRequest, organisations: list[JsonObject]) -> JsonObject:
    snapshot = catalog().snapshot()
    return {
        "username": request.user.get_username(),
        "organisations": organisations,
        "models": sorted({model.name for model in snapshot.models.values()}),
        "default_model": snapshot.default_model,
        "opening": opening(request),
        "may": {"prompts": request.user.has_perm(VIEW), "save": request.user.has_perm(CHANGE)},
        "addresses": {
            "token": reverse("playground-token"),
            "prompts": reverse("playground-prompts"),
            "prompt": reverse("playground-prompt", args=[0]),
            "examples": reverse("playground-examples"),
            "record": _record(request),
        },
    }


def _record(request: HttpRequest) -> str | None:
    return reverse("admin:analytics_requestlog_change", args=[ANY]) if request.user.has_perm(LOG) else None


playground = admin.site.admin_view(_page)
