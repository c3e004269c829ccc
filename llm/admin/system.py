"""The page of the running system: what is in trouble, its parts, and the circuits that are not closed, each with a way
to reset it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from llm.admin.frame import PERMISSION
from llm.admin.own import own_page
from llm.admin.soundings import soundings, worst
from llm.admin.troubles import troubles
from llm.routing.circuits import RouteName, Standing
from llm.wiring import circuits, clock

log = logging.getLogger(__name__)


def _page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if request.method == "POST":
        return _reset(request)
    parts, told, now = soundings(), troubles(), clock().now()
    context = {
        "title": "System",
        "worst": worst({told.health, *(part.state for part in parts)}),
        "troubles": told,
        "circuits": [shown(standing, now) for standing in circuits().shut()],
        "parts": parts,
        "looked_at": now,
    }
    return own_page(request, "pages/system.html", context)


@dataclass(slots=True, frozen=True)
class Shut:
    """A circuit that is not closed, in words."""

    route: RouteName
    state: str
    since: datetime
    again: str
    why: str


def shown(standing: Standing, now: datetime) -> Shut:
    left = ceil((standing.until - now).total_seconds())
    again = f"in {left:,} s" if standing.state == "open" and left > 0 else "with the next call"
    return Shut(standing.route, standing.state.replace("_", "-"), standing.since, again, standing.why)


def _reset(request: HttpRequest) -> HttpResponse:
    """Close the circuit of the route that is named, here and wherever its news is heard."""
    route = request.POST.get("route", "")
    if route.isdecimal():
        circuits().reset(int(route))
        log.info("The circuit of route %s was reset by %s", route, request.user)
    return redirect("system")


system = admin.site.admin_view(_page)
