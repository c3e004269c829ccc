"""Two versions side by side, or one in the other, word by word."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from llm.admin.own import own_page
from prompts.admin.editor.forms import called
from prompts.admin.pages.doors import LOOK, door, numbered, whole_number
from prompts.difference import Change, difference
from prompts.models import Prompt, Version
from prompts.wording import Wording
from prompts.words import Piece


@dataclass(slots=True, frozen=True)
class Shown:
    """A change, and what of it belongs on either side."""

    change: Change
    left: list[Piece]
    right: list[Piece]

    @property
    def name(self) -> str:
        return called(self.change.name) if self.change.subject == "setting" else self.change.name


def shown(before: Version, after: Version) -> list[Shown]:
    return between(before.opened(), after.opened())


def between(before: Wording, after: Wording) -> list[Shown]:
    return [
        Shown(
            change,
            [piece for piece in change.pieces if piece[0] != "new"],
            [piece for piece in change.pieces if piece[0] != "gone"],
        )
        for change in difference(before, after)
    ]


@door(LOOK)
def comparison(request: HttpRequest, prompt: Prompt, number: int, other: int) -> HttpResponse:
    before, after = numbered(prompt, number), numbered(prompt, other)
    context = {
        "title": f"Versions {number} and {other} of {prompt.name}",
        "prompt": prompt,
        "before": before,
        "after": after,
        "changes": shown(before, after),
        "sides": (f"Version {number}", f"Version {other}"),
        "beside": request.GET.get("view") == "beside",
    }
    return own_page(request, "pages/prompts/difference.html", context)


@door(LOOK)
def compare(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    """From a form that names two versions to the address of their difference."""
    before, after = (whole_number(request.GET.get(name)) for name in ("from", "to"))
    if before is None or after is None:
        return redirect("prompt", pk=prompt.pk)
    return redirect("prompt-difference", pk=prompt.pk, number=before, other=after)
