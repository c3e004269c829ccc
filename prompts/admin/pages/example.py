"""One example: written, changed, deleted."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from llm.admin.own import own_page
from llm.errors import CallerError, InvalidField
from prompts.admin.pages.doors import EDIT, door
from prompts.admin.pages.exampleform import Form
from prompts.language import TemplateError
from prompts.models import Example, Prompt
from prompts.render import compiled
from prompts.variables import Variable
from prompts.wording import Wording
from prompts.writing.examples import Draft, check_draft, delete_example, save_example


@door(EDIT)
def example(request: HttpRequest, prompt: Prompt, number: int | None = None) -> HttpResponse:
    """A new one where none is named."""
    found = the_example(prompt, number) if number is not None else None
    newest = prompt.versions.first()
    wording = newest.opened() if newest is not None else None
    variables: tuple[Variable, ...] = wording.variables if wording is not None else ()
    if request.method != "POST":
        return _page(request, prompt, found, Form.of(found, variables))
    form = Form.read(request.POST, variables)
    try:
        draft = form.draft()
        check_draft(draft)
        check_fit(draft, wording)
        if found is None and prompt.examples.filter(name=draft.name).exists():
            raise InvalidField(f"There is an example {draft.name} already.", param="name", code="name_taken")
        save_example(prompt, draft, found)
    except CallerError as error:
        return _page(request, prompt, found, form, error=error)
    messages.success(request, f"{draft.name} is saved.")
    return redirect("prompt-examples", pk=prompt.pk)


def check_fit(draft: Draft, wording: Wording | None) -> None:
    """Whether the newest version takes its variables. Raises InvalidField."""
    if wording is None:
        return
    try:
        made = compiled(wording)
    except TemplateError:
        return  # saved by rules of former days: asking it will tell
    made.render(draft.variables)


@require_POST
@door(EDIT)
def delete(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    found = the_example(prompt, number)
    name = found.name
    delete_example(prompt, found)
    messages.success(request, f"{name} is deleted, with its results.")
    return redirect("prompt-examples", pk=prompt.pk)


def the_example(prompt: Prompt, number: int) -> Example:
    """Raises Http404."""
    found = prompt.examples.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, prompt: Prompt, found: Example | None, form: Form, *, error: CallerError | None = None
) -> HttpResponse:
    context = {
        "title": f"{found.name if found else 'A new example'} of {prompt.name}",
        "prompt": prompt,
        "example": found,
        "form": form,
        "error": error,
    }
    return own_page(request, "pages/prompts/example.html", context, status=error.status if error else 200)
