"""A document of prompts into the database: all of it or nothing, by the same rights as any other way to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.utils.dateparse import parse_datetime

from llm.dialects.fields import Fields
from llm.dialects.gatehouse import LARGEST_VERSION
from llm.errors import CallerError, InvalidField
from llm.models import Organisation
from llm.types import JsonObject
from prompts.bodies import read_details, read_split
from prompts.choosing import in_words
from prompts.difference import Change as Difference
from prompts.difference import difference, of_settings
from prompts.models import LabelMove, Prompt, Version
from prompts.texts import check_kept
from prompts.transfer.export import FORMAT
from prompts.variables.complaints import step
from prompts.wording import read_wording
from prompts.writing import editing, labelling
from prompts.writing.authors import Author
from prompts.writing.bundle import bundled, held, hold_all
from prompts.writing.examples import CONTENT, check_draft, read_example, save_example

MOST_PROMPTS = 10_000
MOST_VERSIONS = 100_000
MOST_EXAMPLES = 10_000


@dataclass(slots=True, frozen=True)
class Change:
    """One thing that is new or other than before; `difference` says in what, to the word."""

    prompt: str
    what: str
    difference: list[JsonObject] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.prompt}: {self.what}"

    def as_json(self) -> JsonObject:
        return {"prompt": self.prompt, "what": self.what, "difference": self.difference}


@dataclass(slots=True)
class Import:
    """Whose prompts they become (None: shared), who brings them, and why their labels move."""

    organisation: Organisation | None
    author: Author
    reason: str = "imported"
    dry_run: bool = False
    changes: list[Change] = field(default_factory=list)

    def note(self, prompt: Prompt, what: str, changed: Iterable[Difference] = ()) -> None:
        self.changes.append(Change(prompt.name, what, [each.as_json() for each in changed]))


@bundled()
def imported(document: JsonObject, task: Import) -> list[Change]:
    """What it changes, or, in a dry run, would. Raises InvalidField and Forbidden with the path of what is wrong."""
    fields = Fields(document, "", strict=True)
    if (form := fields.text("format")) not in (None, FORMAT):
        raise fields.wrong("format", form, FORMAT)
    prompts = fields.each("prompts", most=MOST_PROMPTS)
    if prompts is None:
        raise fields.wrong("prompts", None, "a list of prompts")
    _check_once(prompts)
    hold_all(Prompt.objects.filter(organisation=task.organisation, name__in=_names(prompts)))
    for each in prompts:
        _prompt(each, task)
    fields.rest()
    if task.dry_run:
        transaction.set_rollback(True)
    return task.changes


def _names(prompts: list[Fields]) -> list[str]:
    said = [each.left.get("name") for each in prompts]
    return [name for name in said if isinstance(name, str) and "\x00" not in name]


def _check_once(prompts: list[Fields]) -> None:
    names: set[object] = set()
    for each in prompts:
        name = each.left.get("name")
        if isinstance(name, str) and name in names:
            raise InvalidField(f"{name} stands there twice.", param=each.at("name"), code="name_taken")
        names.add(name if isinstance(name, str) else None)


def _prompt(fields: Fields, task: Import) -> None:
    versions = fields.each("versions", most=MOST_VERSIONS) or []
    examples = fields.each("examples", most=MOST_EXAMPLES) or []
    labels = fields.mapping("labels") or {}
    archived = fields.flag("archived")
    secured = fields.flag("publish_only_when_green"), fields.flag("publish_with_four_eyes")
    at = fields.path
    prompt = _described(fields, task)
    for each in versions:
        _version(prompt, each, task)
    for each in examples:
        _example(prompt, each, task)
    for name, said in labels.items():
        _label(prompt, name, Fields(said, f"{at}.labels{step(name)}", strict=True), task)
    with below(at):
        _secured(prompt, secured, archived, task)


def _described(fields: Fields, task: Import) -> Prompt:
    at, details = fields.path, read_details(fields)
    with below(at):
        check_kept(details.name, "name")
        there = Prompt.objects.filter(organisation=task.organisation, name=details.name).first()
        if there is None:
            prompt = editing.create(details, task.author, task.organisation)
            task.note(prompt, "is new")
        elif details != (before := editing.details_of(prompt := held(there))):
            editing.describe(prompt, details, task.author)
            task.note(prompt, "is described anew", of_settings(asdict(before), asdict(details)))
    return prompt


def _version(prompt: Prompt, fields: Fields, task: Import) -> None:
    """One with the number of one that is there must be the same; one without a number is new if it says something
    else than the newest."""
    at, number = fields.path, fields.integer("version", 1, LARGEST_VERSION)
    origin = _origin(fields, task.author)
    wording = read_wording(fields)
    there = _there(prompt, number)
    if there is not None and there.wording == wording.as_json():
        return
    if there is not None and number:
        raise InvalidField(
            f"{prompt.name} has a version {number} already, and it says something else.",
            param=f"{at}.version",
            code="version_differs",
            hint="Leave out the number to save a new version.",
        )
    before = _there(prompt, None)
    with below(at):
        made = editing.save_version(prompt, wording, task.author, origin=replace(origin, number=number))
    task.note(prompt, f"version {made.number} is new", difference(before.opened(), wording) if before else ())


def _there(prompt: Prompt, number: int | None) -> Version | None:
    """The version of this number, else the newest. It is not asked for where there can be none."""
    if prompt.newest < (number or 1):
        return None
    return prompt.versions.filter(number=number).first() if number else prompt.versions.first()


def _origin(fields: Fields, author: Author) -> editing.Origin:
    """Whoever may publish brings a history back as it was; what anybody else brings is their own work."""
    note = fields.text("note", most=editing.LONGEST_NOTE) or ""
    name, at = fields.text("author", most=200), fields.text("created_at")
    created_at = _instant(at)
    if at is not None and created_at is None:
        raise fields.wrong("created_at", at, "an instant such as 2026-11-20T12:00:00+00:00")
    return editing.Origin(note, name, created_at) if author.may_publish else editing.Origin(note)


def _instant(said: str | None) -> datetime | None:
    try:
        found = parse_datetime(said or "")
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _example(prompt: Prompt, fields: Fields, task: Import) -> None:
    at, example = fields.path, read_example(fields)
    with below(at):
        check_draft(example)
        before = prompt.examples.filter(name=example.name).values(*CONTENT).first()
        if (what := save_example(prompt, example)) is not None:
            after = {name: getattr(example, name) for name in CONTENT}
            task.note(prompt, f"example {example.name} is {what}", of_settings(before or {}, after))


def _label(prompt: Prompt, name: str, fields: Fields, task: Import) -> None:
    at, protected, split = fields.path, fields.flag("protected"), read_split(fields)
    fields.rest()
    with below(at):
        before = labelling.found(prompt, name)
        if before.split != split:
            made = labelling.move(prompt, name, split, task.author, reason=task.reason)
            waits = "" if isinstance(made, LabelMove) else ", once somebody else approves"
            task.note(prompt, f"{name} moves to {in_words(split)}{waits}")
        if protected is not None and protected != before.protected:
            labelling.protect(prompt, name, task.author, protected=protected)
            task.note(prompt, f"{name} is {'protected' if protected else 'no longer protected'}")


def _secured(prompt: Prompt, secured: tuple[bool | None, bool | None], archived: bool | None, task: Import) -> None:
    """After the labels: how a prompt came to its labels elsewhere is not asked again."""
    green, approval = (now if said is None else said for said, now in zip(secured, _rules(prompt), strict=True))
    if (green, approval) != _rules(prompt):
        editing.secure(prompt, task.author, needs_green=green, needs_approval=approval)
        task.note(prompt, "is published by other rules")
    if archived is not None and archived != prompt.archived:
        editing.archive(prompt, task.author, archived=archived)
        task.note(prompt, "is archived" if archived else "is brought back")


def _rules(prompt: Prompt) -> tuple[bool, bool]:
    return prompt.needs_green, prompt.needs_approval


@contextmanager
def below(path: str) -> Iterator[None]:
    """What is refused inside is named by its place in the document."""
    try:
        yield
    except CallerError as error:
        if not (error.param or "").startswith(path):
            error.param = f"{path}.{error.param}" if error.param else path
        raise
