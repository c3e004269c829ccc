"""What publishing a prompt takes, said by those who may not publish by that alone."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from llm.errors import CallerError
from prompts.admin.pages.doors import RULE, door
from prompts.admin.pages.moving import check_name
from prompts.models import Prompt
from prompts.writing import editing, labelling
from prompts.writing.authors import Author


@require_POST
@door(RULE)
def rules(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    green, approval = "green" in request.POST, "approval" in request.POST
    editing.secure(prompt, Author.of_user(request.user), needs_green=green, needs_approval=approval)
    before = prompt.needs_green, prompt.needs_approval
    if before != (green, approval):
        told = f"Rules of publishing from {in_words(*before)} to {in_words(green, approval)}."
        admin.site.get_model_admin(Prompt).log_change(request, prompt, told)
        messages.success(request, told)
    return redirect("prompt", pk=prompt.pk)


@require_POST
@door(RULE)
def protection(request: HttpRequest, prompt: Prompt, label: str) -> HttpResponse:
    check_name(label)
    protected = request.POST.get("protected") == "yes"
    try:
        labelling.protect(prompt, label, Author.of_user(request.user), protected=protected)
    except CallerError as error:
        messages.error(request, error.message)
    else:
        told = f"{label} is protected now." if protected else f"{label} is protected no longer."
        admin.site.get_model_admin(Prompt).log_change(request, prompt, told)
        messages.success(request, told)
    return redirect("prompt", pk=prompt.pk)


def in_words(green: bool, approval: bool) -> str:
    said = [word for word, holds in (("green examples", green), ("four eyes", approval)) if holds]
    return " and ".join(said) or "none"
