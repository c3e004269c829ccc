"""What stands around every page of the admin: where it runs, the way to the lists, and how to start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.text import slugify

from llm.models import ApiKey, Kind, Provider

GROUPS = (
    ("Organisations & keys", ("llm.organisation", "llm.team", "llm.membership", "llm.apikey", "llm.budget")),
    ("Models & providers", ("llm.provider", "llm.model", "llm.route", "llm.tier", "llm.routeprice")),
    ("Prompts", ("prompts.prompt",)),
    ("Log", ("analytics.requestlog",)),
    ("Webhooks", ("webhooks.webhook", "webhooks.delivery")),
    ("Users", ("auth.user", "auth.group")),
    ("System", ()),
)
PERMISSION = "llm.change_provider"
"""Of whoever may see how the system runs: operators have it."""
PAGES = {
    "Prompts": (
        "prompts.use_playground",
        {"title": "Playground", "icon": "science", "link": reverse_lazy("playground")},
    ),
    "System": (PERMISSION, {"title": "System", "icon": "monitor_heart", "link": reverse_lazy("system")}),
}
"""What a group has beside its lists, and the right to it."""
ICONS = {
    "llm.organisation": "domain",
    "llm.team": "groups",
    "llm.membership": "badge",
    "llm.apikey": "key",
    "llm.budget": "savings",
    "llm.provider": "dns",
    "llm.model": "neurology",
    "llm.route": "alt_route",
    "llm.tier": "stacks",
    "llm.routeprice": "payments",
    "prompts.prompt": "edit_note",
    "analytics.requestlog": "receipt_long",
    "webhooks.webhook": "webhook",
    "webhooks.delivery": "outbox",
    "auth.user": "person",
    "auth.group": "shield_person",
}


def environment(request: HttpRequest) -> list[str]:
    """The badge and its colour."""
    if settings.DEBUG:
        return ["Debug", "danger"]
    return ["Production", "warning"] if settings.DATABASE_URL.startswith("postgres") else ["Embedded", "info"]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Every list and page that this user may open, in the words of the project."""
    groups = [
        {"title": title, "items": [*map(_item, models), *_pages(request, title)]} for title, models in _groups(request)
    ]
    return [group for group in groups if group["items"]]


def index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The same lists, and what is still missing before a first answer of a vendor."""
    groups = [
        {"name": title, "app_label": slugify(title), "app_url": models[0]["admin_url"], "models": models}
        for title, models in _groups(request)
        if models
    ]
    steps = [step for step in (_provider_step(request), _key_step(request)) if step]
    return context | {"title": "Overview", "app_list": groups, "steps": steps}


def _groups(request: HttpRequest) -> list[tuple[str, list[dict[str, Any]]]]:
    apps = admin.site.get_app_list(request)
    open_to = {_label(model): model for app in apps for model in app["models"] if model["admin_url"]}
    return [(title, [open_to[name] for name in names if name in open_to]) for title, names in GROUPS]


def _pages(request: HttpRequest, title: str) -> list[dict[str, Any]]:
    permission, page = PAGES.get(title, ("", {}))
    return [page] if page and request.user.has_perm(permission) else []


def _item(model: dict[str, Any]) -> dict[str, Any]:
    return {"title": model["name"], "icon": ICONS[_label(model)], "link": model["admin_url"]}


def _label(model: dict[str, Any]) -> str:
    return str(model["model"]._meta.label_lower)


def _provider_step(request: HttpRequest) -> dict[str, str] | None:
    keyed = Provider.objects.filter(~Q(sealed_secret="") | Q(kind=Kind.OLLAMA))
    if not request.user.has_perm("llm.add_provider") or keyed.exists():
        return None
    return {
        "title": "Let a vendor answer",
        "text": "No provider has a key yet, so only the built-in echo answers. Add one with your vendor's key and "
        "press Test; then give a model a route to it.",
        "link": reverse("admin:llm_provider_add"),
        "button": "Add a provider",
    }


def _key_step(request: HttpRequest) -> dict[str, str] | None:
    if not request.user.has_perm("llm.add_apikey") or ApiKey.objects.filter(~Q(name__startswith="demo")).exists():
        return None
    return {
        "title": "Let an application ask",
        "text": "Make one key for each application: it is the unit of limits and usage. Its page shows it once, with "
        "lines to paste.",
        "link": reverse("admin:llm_apikey_add"),
        "button": "Make a key",
    }
