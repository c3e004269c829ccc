"""What the page's script asks while somebody chooses a prompt: which there are, and what one of them takes."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from llm.errors import Forbidden, NotFound
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.models.prompts import PromptQuerySet
from prompts.playground.doors import VIEW, answered

MOST_FOUND = 20
MOST_VERSIONS = 100


@answered("GET")
def prompts(request: HttpRequest) -> JsonObject:
    """Those with a version that the organisation's staff may ask by name, by the words of `q`."""
    rows = offered(request, request.GET.get("organisation", "")).searched(request.GET.get("q", "")[:200])
    return {"prompts": [{"id": row.pk, "name": row.name} for row in rows.order_by("name")[:MOST_FOUND]]}


@answered("GET")
def prompt(request: HttpRequest, pk: int) -> JsonObject:
    """Its newest versions with what they take, and its labels."""
    check_view(request)
    row = Prompt.objects.filter(pk=pk, archived=False).first()
    if row is None:
        raise NotFound("There is no such prompt, or it is archived.", code="prompt_not_found")
    return described(row)


def described(row: Prompt) -> JsonObject:
    versions = list(row.versions.all()[:MOST_VERSIONS])
    return {
        "id": row.pk,
        "name": row.name,
        "labels": [label.name for label in row.labels.all()],
        "versions": [
            {
                "number": version.number,
                "note": version.note,
                "variables": version.wording["variables"],
                "model": version.wording["model"],
            }
            for version in versions
        ],
    }


def offered(request: HttpRequest, organisation: str) -> PromptQuerySet:
    """A shared prompt is hidden by an own one of its name, as it is from the organisation's keys."""
    check_view(request)
    wanted = int(organisation) if organisation.isdecimal() and len(organisation) < 19 else 0
    own = Prompt.objects.filter(organisation_id=wanted, name=OuterRef("name"))
    shared = Q(organisation=None) & ~Exists(own)
    return Prompt.objects.filter(Q(organisation_id=wanted) | shared, archived=False, newest__gt=0)


def check_view(request: HttpRequest) -> None:
    """Raises Forbidden."""
    if not request.user.has_perm(VIEW):
        raise Forbidden("You may not see prompts.", code="prompts_not_allowed")
