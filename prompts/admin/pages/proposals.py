"""A move that waits for a second pair of eyes: what it would change, and the answer to it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from llm.admin.own import own_page
from llm.errors import CallerError, InvalidField
from prompts.admin.pages.doors import EDIT, LOOK, door
from prompts.admin.pages.effect import effect
from prompts.choosing import in_words
from prompts.models import Prompt, Proposal
from prompts.writing import labelling
from prompts.writing.authors import Author

GONE = "That proposal waits no longer: it was answered, or a later one took its place."


@door(LOOK)
def proposal(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    waiting = prompt.proposals.filter(pk=number).first()
    if request.method == "POST" and not request.user.has_perm(EDIT):
        raise PermissionDenied
    if waiting is None:
        messages.error(request, GONE)
        return redirect("prompt", pk=prompt.pk)
    author = Author.of_user(request.user)
    return _answered(request, waiting, author) if request.method == "POST" else _page(request, waiting, author)


def _answered(request: HttpRequest, waiting: Proposal, author: Author) -> HttpResponse:
    try:
        messages.success(request, _done(request, waiting, author))
    except CallerError as error:
        messages.error(request, " ".join(filter(None, (error.message, error.hint))))
    return redirect("prompt", pk=waiting.prompt_id)


def _done(request: HttpRequest, waiting: Proposal, author: Author) -> str:
    """What comes of the answer. Raises InvalidField, and what `labelling` raises."""
    answer = request.POST.get("answer")
    if answer == "approve":
        waits = isinstance(labelling.approve(waiting, author), Proposal)
        said = f"waits for one more to agree: {waiting.author} is nobody we know" if waits else None
        return f"{waiting.label} {said or f'means {in_words(waiting.after)} now'}."
    if answer == "decline":
        labelling.decline(waiting, author)
        wished = f"{waiting.author}'s wish that {waiting.label} means {in_words(waiting.after)}"
        admin.site.get_model_admin(Prompt).log_change(request, waiting.prompt, f"Declined {wished}.")
        return f"{waiting.label} stays where it is: the proposal is gone."
    raise InvalidField("Agree or decline.", param="answer")


def _page(request: HttpRequest, waiting: Proposal, author: Author) -> HttpResponse:
    standing = labelling.standing(waiting.prompt, waiting.label)
    own = waiting.user_id is not None and waiting.user_id == author.user_id
    context = {
        "title": f"A move of {waiting.label} of {waiting.prompt.name}",
        "prompt": waiting.prompt,
        "proposal": waiting,
        "effect": effect(waiting.prompt, standing, waiting.after),
        "own": own,
        "may_agree": author.may_publish and not own and request.user.has_perm(EDIT),
        "may_decline": (author.may_publish or own) and request.user.has_perm(EDIT),
        "has_moved": standing != waiting.before,
    }
    return own_page(request, "pages/prompts/proposal.html", context)
