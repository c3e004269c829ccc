"""The figures and names of a record, in groups; names lead to their pages for whoever may open those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model as Row
from django.urls import reverse

from llm.call import public_id
from llm.models import ApiKey, Model, Organisation, Provider

Viewer = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    link: str = ""


def groups(row: Any, viewer: Any) -> list[tuple[str, list[Fact]]]:
    """Without facts of which nothing is known."""
    made = {"Who": who(row, viewer), "What": what(row, viewer), "When": when(row), "Ids": ids(row)}
    return [(title, [fact for fact in facts if fact.value]) for title, facts in made.items()]


def who(row: Any, viewer: Any) -> list[Fact]:
    organisation = named(row.organisation_name, row.organisation_id)
    return [
        Fact("Organisation", organisation, link(viewer, Organisation, row.organisation_name and row.organisation_id)),
        Fact("Key", named(row.key_name, row.key_id), link(viewer, ApiKey, row.key_name and row.key_id)),
        Fact("Team", row.team or ""),
        Fact("User", row.user_id or ""),
        Fact("Session", row.session_id or ""),
        *(Fact(f"Tag {name}", str(value)) for name, value in row.tags.items()),
    ]


def what(row: Any, viewer: Any) -> list[Fact]:
    return [
        Fact("Model", row.model or "", link(viewer, Model, numbered(Model, row.model))),
        Fact("Chosen", row.selection or ""),
        Fact("Provider", row.provider or "", link(viewer, Provider, numbered(Provider, row.provider))),
        Fact("Upstream model", row.upstream_model or ""),
        Fact("Prompt", prompt(row)),
        Fact("Surface", f"{row.surface}, {'streamed' if row.streamed else 'in one piece'}"),
        Fact("Dialect", row.dialect),
        Fact("Purpose", f"{row.purpose}, priority {row.priority}"),
        Fact("Cache", row.cache),
        Fact("Finish reason", row.finish_reason or ""),
        Fact("HTTP status", str(row.http_status or "")),
        Fact("Limit", f"{row.limit_name} of the {row.limit_scope}" if row.limit_name else ""),
    ]


def when(row: Any) -> list[Fact]:
    return [
        Fact("Begun", f"{row.created_at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"),
        Fact("Took", milliseconds(row.latency_ms)),
        Fact("First token after", milliseconds(row.first_token_ms)),
        Fact("Queued", milliseconds(row.queue_ms or None)),
        Fact("Gatehouse's own share", milliseconds(row.overhead_ms)),
        Fact("Retries", str(row.retries or "")),
        Fact("Fallback", "used" if row.fallback_used else ""),
    ]


def ids(row: Any) -> list[Fact]:
    return [
        Fact("Generation", public_id(row.id)),
        Fact("Request", row.request_id or ""),
        Fact("Upstream", row.upstream_id or ""),
    ]


def prompt(row: Any) -> str:
    label = f", {row.prompt_label}" if row.prompt_label else ""
    return f"{row.prompt}, version {row.prompt_version}{label}" if row.prompt else ""


def named(name: str | None, number: int | None) -> str:
    """The log outlives what it speaks of."""
    return name or (f"no. {number}, deleted" if number else "")


def numbered(kind: type[Model] | type[Provider], name: str | None) -> int | None:
    return kind.objects.filter(name=name).values_list("pk", flat=True).first() if name else None


def link(viewer: Any, kind: type[Row], number: Any) -> str:
    noun = f"{kind._meta.app_label}_{kind._meta.model_name}"
    may = number and viewer.has_perm(f"{kind._meta.app_label}.view_{kind._meta.model_name}")
    return reverse(f"admin:{noun}_change", args=[number]) if may else ""


def milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:,.2f} ms"
