"""A prompt's examples tried on some of its versions: asked like any call, judged by their checks, and kept.

A run is begun in the database and carried out on the bridge of the process that was asked. Whoever pays is a caller
like any other: its limits and budgets hold, and what they refuse is an error, which says nothing of the wording.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from llm.bridge import bridge
from llm.call import Caller
from llm.errors import Conflict, GatewayError, GoingAway, InvalidField, Unauthenticated, Unavailable
from llm.models import Organisation
from llm.store import visit
from llm.types import JsonObject
from llm.wiring import catalog
from prompts.examples.trying import Answer, ask, verdicts
from prompts.models import Example, Outcome, Prompt, Result, Run, RunState
from prompts.staff_keys import staff_token
from prompts.writing.authors import Author
from prompts.writing.bundle import held

log = logging.getLogger(__name__)

MOST_VERSIONS = 3
AT_ONCE = 4
"""Examples of one run that are asked at the same time."""
BEAT = 5.0
"""Seconds after which a run says again that its process is at work."""
PATIENCE = timedelta(minutes=1)
"""A run that has said nothing for so long has lost its process."""


@dataclass(slots=True, frozen=True)
class Try:
    """One example on one version."""

    example: Example
    version: int


@transaction.atomic
def begin(prompt: Prompt, versions: Sequence[int], author: Author, examples: Sequence[int] | None = None) -> Run:
    """A run of all examples, or of those with the ids in `examples`. Raises InvalidField, and Conflict while another
    one is under way."""
    locked = held(prompt)
    found = locked.examples.filter(pk__in=examples) if examples is not None else locked.examples.all()
    count = found.count()
    check(locked, versions, count)
    if any(is_under_way(run) for run in locked.runs.filter(state=RunState.RUNNING)):
        raise Conflict("The examples are being run already.", code="run_under_way", hint="Wait until it is done.")
    return Run.objects.create(
        prompt=locked,
        versions=list(versions),
        total=count * len(versions),
        author=author.name,
        user_id=author.user_id,
        created_at=timezone.now(),
    )


def check(prompt: Prompt, versions: Sequence[int], count: int) -> None:
    """Raises InvalidField."""
    if prompt.archived:
        raise InvalidField(f"{prompt.name} is archived: nobody can ask it.", param="versions")
    if not count:
        raise InvalidField(f"{prompt.name} has no such examples to run.", param="examples", code="no_examples")
    if not 1 <= len(versions) <= MOST_VERSIONS or len(set(versions)) < len(versions):
        raise InvalidField(f"versions: wanted 1 to {MOST_VERSIONS} different ones.", param="versions")
    there = set(prompt.versions.filter(number__in=versions).values_list("number", flat=True))
    for number in versions:
        if number not in there:
            raise InvalidField(f"{prompt.name} has no version {number}.", param="versions", code="version_not_found")


def begin_as_staff(
    prompt: Prompt,
    versions: Sequence[int],
    *,
    author: Author,
    organisation: Organisation,
    examples: Sequence[int] | None = None,
) -> Run:
    """As `begin`, carried out while whoever asked goes on, on the books of `organisation`. Raises Forbidden too."""
    token = paid_by(prompt, author, organisation)
    run = begin(prompt, versions, author, examples)
    bridge().begin(carry_out(run.pk, token, examples))
    return run


def run_as_staff(prompt: Prompt, versions: Sequence[int], *, author: Author, organisation: Organisation) -> Run:
    """All examples, once they have been run."""
    token = paid_by(prompt, author, organisation)
    run = begin(prompt, versions, author)
    bridge().run(carry_out(run.pk, token))
    run.refresh_from_db()
    return run


def run_as(caller: Caller, prompt: Prompt, versions: Sequence[int], author: Author) -> Run:
    """All examples, once they have been run, at the caller's own cost."""
    run = begin(prompt, versions, author)
    bridge().run(carried_out(run.pk, carry_out_for(run.pk, caller)))
    run.refresh_from_db()
    return run


def paid_by(prompt: Prompt, author: Author, organisation: Organisation) -> str:
    """A credential of the staff of `organisation`. Raises Forbidden and InvalidField."""
    if prompt.organisation_id not in (None, organisation.pk):
        raise InvalidField(f"{prompt.name} is another organisation's.", param="organisation")
    if prompt.organisation_id is None and Prompt.objects.filter(organisation=organisation, name=prompt.name).exists():
        raise InvalidField(
            f"{organisation.name} has a prompt {prompt.name} of its own, which its calls would ask.",
            param="organisation",
        )
    return staff_token(organisation, author.name).text


async def carry_out(run: int, credential: str, examples: Sequence[int] | None = None) -> None:
    await carried_out(run, _as_holder(run, credential, examples))


async def _as_holder(run: int, credential: str, examples: Sequence[int] | None) -> None:
    caller = catalog().known(credential) or await catalog().lookup(credential)
    if caller is None:
        raise Unauthenticated("The key that pays for examples is unknown, expired or disabled.")
    await carry_out_for(run, caller, examples)


async def carried_out(run: int, work: Awaitable[None]) -> None:
    """The run is done or broken off at the end, whatever happens; until then it says that it goes on."""
    beating = asyncio.create_task(beats(run))
    try:
        await work
    except asyncio.CancelledError:
        await asyncio.shield(visit(broken_off, run))
        raise
    except Exception:  # nobody waits here to be told: the run says that it broke off, the log says why
        log.exception("A run of examples broke off")
        await visit(broken_off, run)
    finally:
        beating.cancel()


async def beats(run: int) -> None:
    while True:
        await asyncio.sleep(BEAT)
        with suppress(Unavailable, DatabaseError):  # the next one may be heard again
            await visit(heard, run)


async def carry_out_for(run: int, caller: Caller, examples: Sequence[int] | None = None) -> None:
    prompt, tries = await visit(to_do, run, examples)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(single: Try) -> None:
        async with places:
            result = await tried(prompt, single, caller)
            await visit(keep, run, single, result)

    async with asyncio.TaskGroup() as group:
        for single in tries:
            group.create_task(one(single))
    await visit(done, run)


async def tried(prompt: Prompt, single: Try, caller: Caller) -> tuple[Answer, Outcome, list[str]]:
    """The answer with what became of it. What could not be asked, or graded, is an error; raises GoingAway where this
    process stops, which ends the run."""
    example = single.example
    body: JsonObject = {
        "prompt": {"name": prompt.name, "version": single.version, "variables": example.variables},
        "cache": {"mode": "off"},
    }
    answer = Answer()
    try:
        answer = await ask(body, caller)
        check_asked(prompt, caller)
        failures = await verdicts(example.checks, answer.text, caller)
    except GoingAway:
        raise
    except GatewayError as error:
        return answer, Outcome.ERROR, [error.message]
    return answer, Outcome.FAIL if failures else Outcome.PASS, failures


def check_asked(prompt: Prompt, caller: Caller) -> None:
    """Calls ask by name, which another prompt may have taken since. Raises Conflict, and NotFound."""
    if catalog().prompts.find(caller.organisation_id, prompt.name).id != prompt.pk:
        raise Conflict(f"Another prompt is called {prompt.name} by now, and was asked.")


def to_do(run: int, examples: Sequence[int] | None) -> tuple[Prompt, list[Try]]:
    row = Run.objects.select_related("prompt").get(pk=run)
    found = row.prompt.examples.all() if examples is None else row.prompt.examples.filter(pk__in=examples)
    return row.prompt, [Try(example, version) for example in found for version in row.versions]


@transaction.atomic
def keep(run: int, single: Try, said: tuple[Answer, Outcome, list[str]]) -> None:
    """An example that was changed or deleted meanwhile has no result: what was tried is not what stands there now."""
    answer, outcome, failures = said
    example = single.example
    held(example.prompt)
    if not Example.objects.filter(pk=example.pk, changed_at=example.changed_at).exists():
        return
    Result.objects.create(
        run_id=run,
        example=example,
        version=single.version,
        outcome=outcome,
        failures=failures,
        text=answer.text,
        generation_id=answer.generation_id,
        model=answer.model,
        cost=answer.cost,
        total_tokens=answer.total_tokens,
        latency_ms=answer.latency_ms,
        created_at=answer.began_at,
    )


def heard(run: int) -> None:
    Run.objects.filter(pk=run).update(heard_at=timezone.now())


def done(run: int) -> None:
    Run.objects.filter(pk=run).update(state=RunState.DONE, finished_at=timezone.now())


def broken_off(run: int) -> None:
    Run.objects.filter(pk=run).update(state=RunState.FAILED, finished_at=timezone.now())


def is_under_way(run: Run) -> bool:
    """Whether its process is still at work, as far as anybody can tell."""
    return run.state == RunState.RUNNING and timezone.now() - run.heard_at < PATIENCE
