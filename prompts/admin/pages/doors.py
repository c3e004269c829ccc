"""How a page of a prompt is entered: by staff with the right, for a prompt that there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from prompts.models import Prompt, Version
from prompts.writing.authors import SECURE

LOOK, EDIT, RULE = "prompts.view_prompt", "prompts.change_prompt", SECURE
Page = Callable[..., HttpResponse]


def door(permission: str) -> Callable[[Page], Page]:
    """The page gets the prompt in place of its number; whoever is not signed in is sent to do so."""

    def decorate(page: Page) -> Page:
        @wraps(page)
        def enter(request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return page(
                request, get_object_or_404(Prompt.objects.select_related("organisation", "owner"), pk=pk), **more
            )

        entered: Page = admin.site.admin_view(enter)
        return entered

    return decorate


def numbered(prompt: Prompt, number: int) -> Version:
    """Raises Http404."""
    row = prompt.versions.filter(number=number).first() if number <= prompt.newest else None
    if row is None:
        raise Http404
    return row


def whole_number(said: str | None) -> int | None:
    """What a query string says, where that is the number of something."""
    return int(said) if said and said.isascii() and said.isdigit() and len(said) < 10 else None
