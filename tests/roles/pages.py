"""Every page that a person can open, found in the routes: lists, forms, actions, whatever comes later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.views.generic import RedirectView

from tests.roles.samples import sample

FOR_PROGRAMS = ("/api/v1/", "/v1/", "/healthz", "/readyz", "/metrics")
"""Opened by keys and tokens, or by anybody: no page of a person's."""
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")
NUMBERS = ("number", "other")
SEARCH = "/admin/autocomplete/"
OF_A_MODEL = re.compile(r"/admin/(\w+)/(\w+)/")


@dataclass(frozen=True, order=True)
class Page:
    """`shown` is its address with placeholders, `address` one that leads there; `action` is one of its list's."""

    shown: str
    address: str
    action: str = ""


def every_page() -> list[Page]:
    found = [Page(shape, filled(shape)) for shape in shapes(get_resolver().url_patterns)]
    return sorted({page for page in [*found, *searches(), *actions()] if not page.shown.startswith(FOR_PROGRAMS)})


def shapes(patterns: Iterable[Any], prefix: str = "/") -> Iterator[str]:
    for entry in patterns:
        for step in steps(entry.pattern):
            if isinstance(entry, URLResolver):
                yield from shapes(entry.url_patterns, prefix + step)
            elif not leads_elsewhere(entry):
                yield prefix + step


def leads_elsewhere(route: URLPattern) -> bool:
    """An address that only names another is no page."""
    return issubclass(getattr(route.callback, "view_class", object), RedirectView)


def steps(pattern: Any) -> list[str]:
    """What a pattern may match, placeholders left in; each of the alternatives that a regular expression names."""
    if not isinstance(pattern, RegexPattern):
        return [PLACEHOLDER.sub(r"<\1>", str(pattern))]
    told = str(pattern).strip("^$")
    choice = re.search(r"\(\?P<(\w+)>([^)]*)\)", told)
    if choice is None:
        return [told]
    known = choice[2].split("|") if re.fullmatch(r"[\w|]+", choice[2]) else [f"<{choice[1]}>"]
    return [told.replace(choice[0], word) for word in known]


def filled(shape: str) -> str:
    """With the key of a row where a page is of one; numbers are those of its first parts."""
    found = OF_A_MODEL.match(shape)
    model = known().get((found[1], found[2])) if found else None
    key = "x" if model is None else quote(str(sample(model).pk))
    return PLACEHOLDER.sub(
        lambda place: "1" if place[1] in NUMBERS or (model is None and place[1] == "pk") else key, shape
    )


def known() -> dict[tuple[str, str], Any]:
    return {(model._meta.app_label, str(model._meta.model_name)): model for model in admin.site._registry}


def searches() -> Iterator[Page]:
    """What the fields that search rows of another model tell, one by one."""
    for desk in admin.site._registry.values():
        for part in (desk, *(inline(desk.model, admin.site) for inline in desk.inlines)):
            for name in part.autocomplete_fields:
                noun = part.opts.label_lower
                of = {"app_label": part.opts.app_label, "model_name": part.opts.model_name, "field_name": name}
                yield Page(f"{SEARCH} of {noun}.{name}", f"{SEARCH}?{urlencode(of | {'term': ''})}")


def actions() -> Iterator[Page]:
    """What can be done to the rows that are ticked on a list."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True)
    for (app, noun), model in known().items():
        for name in admin.site._registry[model].get_actions(request):
            yield Page(f"/admin/{app}/{noun}/, {name}", f"/admin/{app}/{noun}/", name)
