"""The page itself: a form that makes a new version of what is typed, and loses none of it."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from llm.admin.own import own_page, styled
from llm.errors import Conflict, InvalidField
from llm.wiring import catalog
from prompts.admin.editor.changing import BLANK, changed
from prompts.admin.editor.sheet import Sheet, rows_of, sentence
from prompts.admin.pages.comparison import between
from prompts.admin.pages.doors import EDIT, door, numbered, whole_number
from prompts.models import Prompt
from prompts.render import problems
from prompts.wording import Wording
from prompts.writing import editing
from prompts.writing.authors import Author


@door(EDIT)
def editor(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    if request.method != "POST":
        return _page(request, prompt, opened(request, prompt))
    if wish := request.POST.get("row"):
        return _page(request, prompt, changed(request.POST, wish, models=model_names()))
    return _saved(request, prompt, Sheet.sent(request.POST, models=model_names()))


def opened(request: HttpRequest, prompt: Prompt) -> Sheet:
    """On the version that `from` names, else on the newest. Raises Http404."""
    origin = whole_number(request.GET.get("from")) or prompt.newest
    if not origin:
        return Sheet.filled([BLANK["messages"]], [], {"base": 0, "note": "First version"}, models=model_names())
    lines, variables, settings = rows_of(numbered(prompt, origin).opened())
    note = "" if origin == prompt.newest else f"From version {origin}"
    return Sheet.filled(lines, variables, {**settings, "base": prompt.newest, "note": note}, models=model_names())


def model_names() -> list[str]:
    return sorted({model.name for model in catalog().snapshot().models.values()})


def _saved(request: HttpRequest, prompt: Prompt, sheet: Sheet) -> HttpResponse:
    wording = judged(sheet) if sheet.is_readable() else None
    if wording is None:
        return _page(request, prompt, sheet, status=422)
    said = sheet.settings.cleaned_data
    origin = editing.Origin(note=said["note"].strip(), based_on=said["base"])
    try:
        version = editing.save_version(prompt, wording, Author.of_user(request.user), origin)
    except Conflict:
        return _overtaken(request, prompt, wording, base=said["base"])
    except InvalidField as error:
        sheet.blame(error)
        return _page(request, prompt, sheet, status=422)
    messages.success(request, f"Version {version.number} is saved. No label has moved.")
    for problem in problems(wording)[:3]:
        messages.warning(request, sentence(problem))
    return redirect("prompt", pk=prompt.pk)


def judged(sheet: Sheet) -> Wording | None:
    """None where something forbids saving it, which the fields say then."""
    try:
        wording = sheet.wording()
    except InvalidField as error:
        sheet.blame(error)
        return None
    wrong = [problem for problem in problems(wording) if problem.level == "error"]
    for problem in wrong:
        sheet.blame(problem)
    return None if wrong else wording


def _overtaken(request: HttpRequest, prompt: Prompt, wording: Wording, *, base: int | None) -> HttpResponse:
    """Somebody saved meanwhile: the difference is shown, and who saves again does so knowingly."""
    prompt.refresh_from_db()
    newest = numbered(prompt, prompt.newest)
    said = request.POST.copy()
    said["base"] = str(newest.number)
    more = {"overtaken": newest, "base": base, "changes": between(newest.opened(), wording)}
    return _page(request, prompt, Sheet.sent(said, models=model_names()), more=more, status=409)


def _page(
    request: HttpRequest,
    prompt: Prompt,
    sheet: Sheet,
    *,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    nonce = token_urlsafe(16)
    context: dict[str, Any] = {
        "title": f"Write {prompt.name}",
        "prompt": prompt,
        "sheet": sheet,
        "models": model_names(),
        "next": prompt.newest + 1,
        "nonce": nonce,
        "refused": status == InvalidField.status,
        **(more or {}),
    }
    return own_page(request, "pages/prompts/editor.html", context, policy=styled(nonce), status=status)
