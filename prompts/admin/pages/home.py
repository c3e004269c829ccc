"""A prompt's own page: what its labels mean, its versions, how they were used, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from llm.admin.own import own_page
from llm.errors import CallerError
from prompts.admin.pages.doors import EDIT, LOOK, door, whole_number
from prompts.admin.pages.moving import ways_back
from prompts.admin.pages.wish import Wish
from prompts.choosing import in_words
from prompts.models import LABELS, PROTECTED, Label, Prompt, Version
from prompts.usage import DAYS, Use, by_version, callers
from prompts.writing import editing
from prompts.writing.authors import Author

PAGE = 50


@dataclass(slots=True, frozen=True)
class Standing:
    """A label, moved or not, in words."""

    name: str
    means: str
    protected: bool
    row: Label | None
    back: Wish | None


@dataclass(slots=True, frozen=True)
class Line:
    """A version in the list, with what is on it."""

    version: Version
    labels: list[str]
    use: Use | None


@door(LOOK)
def home(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    now = timezone.now()
    labels = list(prompt.labels.all())
    rows = prompt.versions.defer("wording")
    if (before := whole_number(request.GET.get("before"))) is not None:
        rows = rows.filter(number__lt=before)
    held = list(rows[: PAGE + 1])
    uses, author = by_version(prompt, now), Author.of_user(request.user)
    context = {
        "title": prompt.name,
        "prompt": prompt,
        "labels": standings(labels, ways_back(prompt)),
        "lines": [Line(row, _on(row, labels), uses.get(row.number)) for row in held[:PAGE]],
        "more": held[PAGE - 1].number if len(held) > PAGE else None,
        "proposals": [(row, in_words(row.before), in_words(row.after)) for row in prompt.proposals.all()],
        "callers": callers(prompt, now),
        "days": DAYS,
        "examples": prompt.examples.count(),
        "may_edit": request.user.has_perm(EDIT),
        "may_archive": author.may_publish or not any(label.protected for label in labels),
        "author": author,
    }
    return own_page(request, "pages/prompts/home.html", context)


@require_POST
@door(EDIT)
def duplicate(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    name = request.POST.get("name", "").strip()
    told = f"{name} is a copy of {prompt.name}."
    return _done(request, prompt, lambda author: editing.duplicate(prompt, name, author), told=told)


@require_POST
@door(EDIT)
def archive(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    archived = not prompt.archived
    told = f"{prompt.name} is {'archived' if archived else 'back'}."
    return _done(request, prompt, lambda author: editing.archive(prompt, author, archived=archived), told=told)


def standings(labels: list[Label], ways: dict[str, Wish]) -> list[Standing]:
    """Those that every prompt is offered first, moved or not; then its own."""
    there = {label.name: label for label in labels}
    names = [*LABELS, *(name for name in there if name not in LABELS)]
    return [_standing(name, there.get(name), ways.get(name)) for name in names]


def _standing(name: str, row: Label | None, back: Wish | None) -> Standing:
    protected = row.protected if row is not None else name in PROTECTED
    return Standing(name, in_words(row.split) if row is not None else "no version yet", protected, row, back)


def _on(version: Version, labels: list[Label]) -> list[str]:
    return [label.name for label in labels if any(share["version"] == version.number for share in label.split)]


def _done(request: HttpRequest, prompt: Prompt, act: Callable[[Author], Prompt], *, told: str) -> HttpResponse:
    """To the page of what came of it; what was refused is said there."""
    try:
        prompt = act(Author.of_user(request.user))
    except CallerError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, told)
    return redirect("prompt", pk=prompt.pk)
