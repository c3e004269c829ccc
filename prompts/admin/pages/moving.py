"""Moving a label: to which versions, what changes by it, why; its history, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from llm.admin.own import own_page
from llm.errors import CallerError, InvalidField
from prompts.admin.pages.doors import EDIT, LOOK, door
from prompts.admin.pages.effect import effect
from prompts.admin.pages.wish import Part, Wish
from prompts.choosing import Split, in_words
from prompts.models import Label, Prompt, Proposal, Version
from prompts.writing import labelling
from prompts.writing.authors import Author

HISTORY = 100
"""Moves that the page tells of."""
CHOICES = 200
"""Newest versions that the form offers."""


@door(EDIT)
def moving(request: HttpRequest, prompt: Prompt, label: str) -> HttpResponse:
    check_name(label)
    if request.method != "POST":
        return _page(request, prompt, label, Wish.read(request.GET))
    wish, author = Wish.read(request.POST), Author.of_user(request.user)
    try:
        after = wish.split()
        made = labelling.move(prompt, label, after, author, reason=wish.reason)
    except CallerError as error:
        return _page(request, prompt, label, wish, error=error)
    waits = isinstance(made, Proposal)
    told = f"{label} waits for somebody else to agree." if waits else f"{label} means {in_words(after)} now."
    messages.success(request, told)
    return redirect("prompt", pk=prompt.pk)


@door(EDIT)
def other(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    """From a form that names a label of one's own to the page that moves it."""
    label = request.GET.get("label", "").strip().lower()
    if labelling.LABEL.fullmatch(label):
        return redirect("prompt-move", pk=prompt.pk, label=label)
    messages.error(request, "A label has lower-case letters, digits, dots, dashes and underscores, at most 64.")
    return redirect("prompt", pk=prompt.pk)


@door(LOOK)
def history(request: HttpRequest, prompt: Prompt, label: str) -> HttpResponse:
    check_name(label)
    moves = list(prompt.moves.filter(label=label)[:HISTORY])
    context = {
        "title": f"History of {label} of {prompt.name}",
        "prompt": prompt,
        "label": label,
        "moves": [
            (row, in_words(row.before), in_words(row.after), Wish.back(row.before) if row.before else None)
            for row in moves
        ],
        "may_move": request.user.has_perm(EDIT) and _may_move(request, labelling.found(prompt, label)),
    }
    return own_page(request, "pages/prompts/history.html", context)


def check_name(label: str) -> None:
    """Raises Http404 for what names no label."""
    if not labelling.LABEL.fullmatch(label):
        raise Http404


def ways_back(prompt: Prompt) -> dict[str, Wish]:
    """Of each label that has moved more than once, to where it was before."""
    last = prompt.moves.order_by().values("label").annotate(last=Max("id")).values("last")
    return {move.label: Wish.back(move.before) for move in prompt.moves.filter(pk__in=last) if move.before}


def _may_move(request: HttpRequest, label: Label) -> bool:
    return Author.of_user(request.user).may_publish or not label.protected


def _page(
    request: HttpRequest, prompt: Prompt, label: str, wish: Wish, *, error: CallerError | None = None
) -> HttpResponse:
    row = labelling.found(prompt, label)
    standing = row.split
    after, fault = _understood(prompt, wish)
    grows = "more" in request.GET
    rows = [*(wish.parts or [Part()]), *([Part()] if grows else [])]
    context: dict[str, Any] = {
        "title": f"Move {label} of {prompt.name}",
        "prompt": prompt,
        "label": label,
        "standing": in_words(standing),
        "protected": row.protected,
        "may_move": _may_move(request, row),
        "waiting": prompt.proposals.filter(label=label).first(),
        "versions": _choices(prompt, wish),
        "wish": wish,
        "rows": rows[: labelling.MOST_SHARES],
        "grows": grows,
        "is_full": len(rows) >= labelling.MOST_SHARES,
        "error": error or (fault if wish.parts and not grows else None),
    }
    if after is not None and not grows:
        context["effect"] = effect(prompt, standing, after)
    return own_page(request, "pages/prompts/moving.html", context, status=error.status if error else 200)


def _choices(prompt: Prompt, wish: Wish) -> list[Version]:
    """The newest, and those that the form names already."""
    named = Q(number__in=[part.version for part in wish.parts])
    return list(prompt.versions.defer("wording").filter(named | Q(number__gt=prompt.newest - CHOICES)))


def _understood(prompt: Prompt, wish: Wish) -> tuple[Split | None, CallerError | None]:
    """Where the label would go, or what is wrong with the wish."""
    try:
        after = wish.split()
        labelling.check_split(prompt, after)
    except InvalidField as error:
        return None, error
    return after, None
