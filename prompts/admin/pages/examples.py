"""A prompt's examples: the list, what runs they had, and a new run."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from llm.admin.own import POLICY, own_page
from llm.errors import CallerError, Forbidden, InvalidField
from llm.models import Organisation
from prompts.admin.pages.doors import EDIT, LOOK, door, whole_number
from prompts.admin.pages.exampleform import called
from prompts.examples.outcomes import rows, totals
from prompts.examples.runs import MOST_VERSIONS, begin_as_staff, is_under_way
from prompts.models import Prompt, RunState
from prompts.staff_keys import SPEND, payers
from prompts.writing.authors import Author
from prompts.writing.greenness import outcomes

RUNS = 10
"""Of the last ones the page tells."""
PAGE = 50
CONNECTING = f"{POLICY}; connect-src 'self'"
"""For the script that looks again while a run is under way."""


@door(LOOK)
def examples(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    newest = dict(outcomes(prompt, prompt.newest))
    context = {
        "title": f"Examples of {prompt.name}",
        "prompt": prompt,
        "examples": [
            (row, ", ".join(called(check["type"]) for check in row.checks), newest.get(row.name))
            for row in prompt.examples.all()
        ],
        "runs": [(run, word(run)) for run in prompt.runs.all()[:RUNS]],
        "versions": prompt.versions.defer("wording")[:200],
        "choices": choices(prompt),
        "organisations": [] if prompt.organisation_id else payers(request.user),
        "may_edit": request.user.has_perm(EDIT),
        "may_run": request.user.has_perm(SPEND) and may_pay(request, prompt),
    }
    return own_page(request, "pages/prompts/examples.html", context)


def choices(prompt: Prompt) -> list[int | None]:
    """What the form offers at first: production and the newest version."""
    label = prompt.labels.filter(name="production").first()
    published = label.split[0]["version"] if label and label.split else None
    wanted = [one for one in dict.fromkeys([published, prompt.newest or None]) if one is not None]
    return [*wanted, *[None] * (MOST_VERSIONS - len(wanted))]


@require_POST
@door(LOOK)
def run(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    """Who may use the playground may spend on examples too."""
    if not request.user.has_perm(SPEND):
        raise PermissionDenied
    wanted = [number for said in request.POST.getlist("version") if (number := whole_number(said)) is not None]
    chosen = [number for said in request.POST.getlist("example") if (number := whole_number(said)) is not None]
    author = Author.of_user(request.user)
    try:
        payer = paying(request, prompt)
        begun = begin_as_staff(prompt, wanted, author=author, organisation=payer, examples=chosen or None)
    except CallerError as error:
        messages.error(request, " ".join(filter(None, (error.message, error.hint))))
        return redirect("prompt-examples", pk=prompt.pk)
    return redirect("prompt-run", pk=prompt.pk, number=begun.pk)


def may_pay(request: HttpRequest, prompt: Prompt) -> bool:
    found = payers(request.user)
    return (found.filter(pk=prompt.organisation_id) if prompt.organisation_id else found).exists()


def paying(request: HttpRequest, prompt: Prompt) -> Organisation:
    """The prompt's own organisation; for a shared one, the one that is named. Raises InvalidField and Forbidden."""
    number = prompt.organisation_id or whole_number(request.POST.get("organisation"))
    if number is None:
        raise InvalidField("Choose the organisation that pays.", param="organisation")
    found = payers(request.user).filter(pk=number).first()
    if found is None:
        raise Forbidden("You are no member of the organisation that would pay.", code="not_a_member")
    return found


@door(LOOK)
def outcome(request: HttpRequest, prompt: Prompt, number: int) -> HttpResponse:
    """One run: its progress, then its table."""
    found = prompt.runs.filter(pk=number).first()
    if found is None:
        raise Http404
    begun = whole_number(request.GET.get("after")) or 0
    tried = prompt.examples.filter(results__run=found, pk__gt=begun).distinct().order_by("pk")
    held = list(tried[: PAGE + 1])
    context: dict[str, Any] = {
        "title": f"Run {found.pk} of {prompt.name}",
        "prompt": prompt,
        "run": found,
        "word": word(found),
        "told": found.results.count(),
        "totals": totals(found),
        "rows": rows(found, held[:PAGE]),
        "more": held[PAGE - 1].pk if len(held) > PAGE else None,
    }
    return own_page(request, "pages/prompts/run.html", context, policy=CONNECTING)


def word(run: Any) -> str:
    """How it stands: running, done, or broken off, which a process that is gone cannot say itself."""
    return RunState.FAILED.value if run.state == RunState.RUNNING and not is_under_way(run) else str(run.state)
