"""Moving a label: what changes by it, how the examples fare, why; its history, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from llm.admin.own import own_page
from llm.errors import CallerError, InvalidField
from prompts import labelling
from prompts.admin.pages.comparison import shown
from prompts.admin.pages.doors import EDIT, LOOK, door, whole_number
from prompts.authors import Author
from prompts.choosing import Split, in_words
from prompts.greenness import outcomes
from prompts.models import LabelMove, Prompt, Proposal

HISTORY = 100
"""Moves that the page tells of."""


@dataclass(slots=True)
class Wish:
    """What the form says: a version, and of a split the other one with its percent of the calls."""

    to: int | None
    other: int | None
    share: int | None
    reason: str

    @classmethod
    def read(cls, said: QueryDict) -> Wish:
        to, other, share = (whole_number(said.get(name)) for name in ("to", "other", "share"))
        return cls(to, other, share, said.get("reason", ""))

    def split(self) -> Split:
        """Raises InvalidField."""
        if self.to is None:
            raise InvalidField("Choose a version.", param="to")
        if self.other is None or self.other == self.to:
            return labelling.whole(self.to)
        if self.share is None or not 0 < self.share < 100:
            raise InvalidField("The other version gets 1 to 99 percent.", param="share")
        return [
            {"version": self.to, "weight": float(100 - self.share)},
            {"version": self.other, "weight": float(self.share)},
        ]

    @property
    def query(self) -> str:
        """Of the address where the form says it already."""
        said = {"to": self.to, "other": self.other, "share": self.share, "reason": self.reason}
        return urlencode({name: value for name, value in said.items() if value})

    @classmethod
    def back(cls, move: LabelMove) -> Wish:
        """To where the label was before that move; nowhere, if that was a split that the form cannot say."""
        shares = move.before if len(move.before) <= 2 else []
        other = shares[1] if len(shares) == 2 else None  # what the form can say
        whole = sum(share["weight"] for share in shares)
        share = round(100 * other["weight"] / whole) if other else None
        reason = f"Back to {in_words(shares)}"
        return cls(shares[0]["version"] if shares else None, other["version"] if other else None, share, reason)


@door(EDIT)
def moving(request: HttpRequest, prompt: Prompt, label: str) -> HttpResponse:
    check_name(label)
    if request.method != "POST":
        return _page(request, prompt, label, Wish.read(request.GET))
    wish, author = Wish.read(request.POST), Author.of_user(request.user)
    try:
        made = labelling.move(prompt, label, wish.split(), author, reason=wish.reason)
    except CallerError as error:
        return _page(request, prompt, label, wish, error=error)
    waits = isinstance(made, Proposal)
    messages.success(request, f"{label} waits for somebody else to agree." if waits else f"{label} has moved.")
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
        "title": f"{label} of {prompt.name}",
        "prompt": prompt,
        "label": label,
        "moves": [(row, in_words(row.before), in_words(row.after), Wish.back(row)) for row in moves],
        "may_edit": request.user.has_perm(EDIT),
    }
    return own_page(request, "pages/prompts/history.html", context)


@require_POST
@door(EDIT)
def proposal(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    waiting = prompt.proposals.filter(pk=number).first()
    if waiting is None:
        messages.error(request, "It does not wait any more.")
        return redirect("prompt", pk=prompt.pk)
    author, agreed = Author.of_user(request.user), request.POST.get("answer") == "approve"
    try:
        labelling.approve(waiting, author) if agreed else labelling.decline(waiting, author)
    except CallerError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{waiting.label} has moved." if agreed else "The proposal is gone.")
    return redirect("prompt", pk=prompt.pk)


@require_POST
@door(EDIT)
def protection(request: HttpRequest, prompt: Prompt, label: str) -> HttpResponse:
    check_name(label)
    protected = request.POST.get("protected") == "yes"
    try:
        labelling.protect(prompt, label, Author.of_user(request.user), protected=protected)
    except CallerError as error:
        messages.error(request, error.message)
    return redirect("prompt", pk=prompt.pk)


def check_name(label: str) -> None:
    """Raises Http404 for what names no label."""
    if not labelling.LABEL.fullmatch(label):
        raise Http404


def ways_back(prompt: Prompt) -> dict[str, Wish]:
    """Of each label that has moved more than once, to where it was before."""
    last = prompt.moves.order_by().values("label").annotate(last=Max("id")).values("last")
    return {move.label: Wish.back(move) for move in prompt.moves.filter(pk__in=last) if move.before}


def _page(
    request: HttpRequest, prompt: Prompt, label: str, wish: Wish, *, error: CallerError | None = None
) -> HttpResponse:
    row = labelling.found(prompt, label)
    standing = row.split
    context: dict[str, Any] = {
        "title": f"Move {label} of {prompt.name}",
        "prompt": prompt,
        "label": label,
        "standing": in_words(standing),
        "protected": row.protected,
        "author": Author.of_user(request.user),
        "versions": prompt.versions.defer("wording")[:200],
        "wish": wish,
        "error": error,
    }
    now = prompt.versions.filter(number=standing[0]["version"]).first() if standing else None
    then = prompt.versions.filter(number=wish.to).first() if wish.to is not None else None
    if then is not None:
        context |= {"then": then, "now": now, "outcomes": outcomes(prompt, then.number)}
        context["changes"] = shown(now, then) if now is not None else []
    return own_page(request, "pages/prompts/moving.html", context, status=error.status if error else 200)
