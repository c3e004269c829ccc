"""The four groups of staff, and what each may do. They are made, and set back to what stands here, by every `migrate`.

A superuser may do everything; whoever is in none of the groups may sign in and see an empty index. Rights beyond these
belong into groups of your own: what is added to these, or taken from them, lasts until the next `migrate`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as installed

Rights = dict[str, tuple[str, ...]]
"""Patterns of permissions' codenames, by application."""

ROLES: dict[str, Rights] = {
    "operator": {
        "llm": ("*",),
        "analytics": ("view_*",),
        "webhooks": ("*",),
        "auth": ("view_user", "add_user", "change_user", "view_group"),
        "prompts": ("view_prompt", "secure_prompt", "use_playground"),
    },
    "prompt editor": {"prompts": ("view_*", "add_*", "change_*", "use_playground")},
    "prompt publisher": {"prompts": ("view_*", "add_*", "change_*", "publish_prompt", "use_playground")},
    "manager": {
        "llm": ("view_model", "view_provider", "view_organisation", "view_team", "view_apikey", "view_budget"),
        "analytics": ("view_requestlog",),
    },
}
"""A manager sees what is paid for, and never what was said."""


def grant(sender: AppConfig, using: str, apps: Apps = installed, **more: Any) -> None:
    """After `migrate`, for each application in turn: Django has made its permissions by then, of new models too."""
    try:
        groups, permissions = (apps.get_model("auth", noun).objects.using(using) for noun in ("Group", "Permission"))
    except LookupError:
        return  # their tables are not there yet, or no longer
    present = list(permissions.filter(content_type__app_label=sender.label))
    for role, rights in ROLES.items():
        group, _ = groups.get_or_create(name=role)
        wanted = {permission for permission in present if _matches(permission.codename, rights.get(sender.label, ()))}
        group.permissions.add(*wanted)
        group.permissions.remove(*(set(present) - wanted))


def _matches(codename: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(codename, pattern) for pattern in patterns)
