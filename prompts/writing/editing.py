"""The one way to write prompts and their versions: forms, API, imports and bulk actions all come through here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from llm.dialects.gatehouse import LARGEST_VERSION
from llm.errors import Conflict, Forbidden, InvalidField
from llm.models import Organisation
from prompts.models import Category, Prompt, Version
from prompts.render import problems
from prompts.texts import check_kept
from prompts.wording import Wording
from prompts.writing.authors import Author
from prompts.writing.bundle import atomic, held, hold, shelve

LONGEST_NOTE = 2_000
LONGEST_DESCRIPTION = 2_000
LONGEST_AUTHOR = 200
MOST_TAGS = 32
LONGEST_TAG = 64
MOST_LEFT_OUT = 100_000
"""Numbers that a version may leave free before it, so that nobody uses them up."""


@dataclass(slots=True)
class Details:
    """What a prompt says of itself, beside its versions."""

    name: str
    description: str = ""
    category: str = Category.CHAT
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Origin:
    """Where a version comes from: what its author notes of it, and the version it was made from. One that is brought
    back keeps its number, its author and its instant."""

    note: str = ""
    author: str | None = None
    created_at: datetime | None = None
    number: int | None = None
    based_on: int | None = None


UNTOLD = Origin()


@atomic
def create(details: Details, author: Author, organisation: Organisation | None) -> Prompt:
    """Raises InvalidField, and Forbidden where it would hide a shared prompt that is not the author's to publish."""
    prompt = Prompt(organisation=organisation, owner_id=author.user_id)
    hidden = check_may_name(prompt, details.name, author)
    _fill(prompt, details)
    _come_under_rules(prompt, hidden)
    _save(prompt)
    hold(prompt)
    shelve(prompt)
    return prompt


@atomic
def describe(prompt: Prompt, details: Details, author: Author) -> Prompt:
    """Its details, anew. Raises InvalidField, and Forbidden for another name where whoever asks by the old one would
    miss it."""
    locked = held(prompt)
    hidden = check_may_name(locked, details.name, author)
    _fill(locked, details)
    _come_under_rules(locked, hidden)
    _save(locked)
    shelve(locked)
    return locked


@atomic
def save_version(prompt: Prompt, wording: Wording, author: Author, origin: Origin = UNTOLD) -> Version:
    """Raises InvalidField for what cannot be rendered, and Conflict where the origin's number or base has been
    overtaken."""
    check(wording)
    locked = held(prompt)
    newest = locked.newest
    if origin.based_on is not None and origin.based_on != newest:
        raise Conflict(
            f"Version {newest} was saved meanwhile.", code="newer_version", hint="Compare before saving yours."
        )
    locked.newest = _numbered(newest, origin.number)
    version = Version.objects.create(
        prompt=locked,
        number=locked.newest,
        wording=wording.as_json(),
        note=plain(origin.note, "note", LONGEST_NOTE),
        author=plain(origin.author or author.name, "author", LONGEST_AUTHOR),
        user_id=author.user_id,
        forked_from=origin.based_on or None,
        created_at=origin.created_at or timezone.now(),
    )
    locked.search = _searched(locked, wording)
    locked.save()
    return version


def _numbered(newest: int, wanted: int | None) -> int:
    """Raises Conflict and InvalidField."""
    number = newest + 1 if wanted is None else wanted
    if number <= newest:
        raise Conflict(f"There is a version {newest} already: {number} would come late.", param="version")
    if number > min(newest + MOST_LEFT_OUT, LARGEST_VERSION):
        raise InvalidField(f"The newest version is {newest}: {number} is too far off.", param="version")
    return number


def check(wording: Wording) -> None:
    """Raises InvalidField for the first thing that forbids saving it."""
    for problem in problems(wording):
        if problem.level == "error":
            place = f"Line {problem.line}, column {problem.column}: " if problem.line else ""
            raise InvalidField(
                f"{place}{problem.message}", param=problem.path, code="template_error", hint=problem.hint
            )


@atomic
def archive(prompt: Prompt, author: Author, *, archived: bool = True) -> Prompt:
    """An archived prompt is not answered any more. Raises Forbidden where that would take away a protected label."""
    locked = held(prompt)
    if locked.archived != archived:
        check_may_take_away(locked, author)
    locked.archived = archived
    locked.save()
    shelve(locked)
    return locked


@atomic
def duplicate(prompt: Prompt, name: str, author: Author) -> Prompt:
    """A prompt of its own that begins with the newest version, the examples and the rules, without labels.

    Raises InvalidField.
    """
    copy = create(replace(details_of(prompt), name=name), author, prompt.organisation)
    copy.needs_green, copy.needs_approval = prompt.needs_green, prompt.needs_approval
    copy.save()
    newest = prompt.versions.first()
    if newest is not None:
        save_version(copy, newest.opened(), author, Origin(note=f"from {prompt.name} {newest.number}"))
    for example in prompt.examples.all():
        example.pk, example.prompt, example._state.adding = None, copy, True
        example.save(force_insert=True)
    copy.refresh_from_db()
    return copy


@atomic
def entrust(prompt: Prompt, owner: Any) -> None:
    """To a user who looks after it from now on, or to nobody."""
    locked = held(prompt)
    locked.owner = owner
    locked.save()


@atomic
def secure(prompt: Prompt, author: Author, *, needs_green: bool, needs_approval: bool) -> Prompt:
    """What publishing takes beside the right. Raises Forbidden for who may not say so, who may publish among them."""
    locked = held(prompt)
    if (locked.needs_green, locked.needs_approval) != (needs_green, needs_approval):
        check_may_secure(locked, author)
    locked.needs_green, locked.needs_approval = needs_green, needs_approval
    locked.save()
    return locked


def check_may_secure(prompt: Prompt, author: Author) -> None:
    if not author.may_secure:
        raise Forbidden(
            f"{author.name} may not change what publishing {prompt.name} takes.",
            code="rules_not_allowed",
            hint="Operators may; of a key, it takes the scope prompts.secure.",
        )


def check_may_take_away(prompt: Prompt, author: Author) -> None:
    """Raises Forbidden."""
    if not author.may_publish and prompt.labels.filter(protected=True).exists():
        raise Forbidden(
            f"{prompt.name} has a protected label: only who may move that may archive the prompt, bring it back, or "
            "give its name away.",
            code="protected_label",
        )


def check_may_name(prompt: Prompt, name: str, author: Author) -> Prompt | None:
    """A name that becomes free may be taken by a prompt without rules; one that hides a shared prompt takes that away.

    The one that it would hide from now on. Raises Forbidden, and InvalidField where another one has the name.
    """
    if prompt.pk and name == prompt.name:
        return None
    if prompt.pk:
        _check_may_rename(prompt, name, author)
    if (shared := _hidden(prompt, name)) is not None:
        check_may_take_away(shared, author)
    return shared


def _check_may_rename(prompt: Prompt, name: str, author: Author) -> None:
    check_may_take_away(prompt, author)
    if prompt.needs_green or prompt.needs_approval:
        check_may_secure(prompt, author)
    if "\x00" not in name and Prompt.objects.filter(organisation=prompt.organisation_id, name=name).exists():
        raise InvalidField(f"There is a prompt {name} already.", param="name", code="name_taken")


def plain(text: str, param: str, most: int) -> str:
    """Text for a column. Raises InvalidField for what is too long or has characters that no column holds."""
    if len(text) > most:
        raise InvalidField(f"{param} has {len(text):,} characters, at most {most:,} may be.", param=param)
    check_kept(text, param)
    return text


def details_of(prompt: Prompt) -> Details:
    return Details(prompt.name, prompt.description, prompt.category, list(prompt.tags))


def clean_tags(tags: list[str]) -> list[str]:
    """Each once. Raises InvalidField."""
    if len(tags) > MOST_TAGS:
        raise InvalidField(f"There are {len(tags)} tags, at most {MOST_TAGS} may be.", param="tags")
    for index, tag in enumerate(tags):
        plain(tag, f"tags[{index}]", LONGEST_TAG)
        if not tag.strip() or "\n" in tag:
            raise InvalidField("A tag is a word or a few.", param=f"tags[{index}]", code="no_tag")
    return list(dict.fromkeys(tag.strip() for tag in tags))


def _fill(prompt: Prompt, details: Details) -> None:
    prompt.name = details.name
    prompt.description = plain(details.description, "description", LONGEST_DESCRIPTION)
    prompt.category = details.category
    prompt.tags = clean_tags(details.tags)
    newest = prompt.versions.first() if prompt.pk else None
    prompt.search = _searched(prompt, newest.opened() if newest else None)


def _hidden(prompt: Prompt, name: str) -> Prompt | None:
    """The shared prompt in whose place this one stands, under that name, for the calls of its organisation."""
    if prompt.organisation_id is None or "\x00" in name:
        return None
    return Prompt.objects.filter(organisation=None, name=name).first()


def _come_under_rules(prompt: Prompt, hidden: Prompt | None) -> None:
    """Those of the prompt that it hides."""
    if hidden is not None:
        prompt.needs_green |= hidden.needs_green
        prompt.needs_approval |= hidden.needs_approval


def _save(prompt: Prompt) -> None:
    try:
        prompt.full_clean(exclude=["organisation", "owner", "search"])
        prompt.save()
    except ValidationError as error:
        param, said = next(iter(error.message_dict.items()))
        taken = any("already" in words for words in said)
        code = "name_taken" if taken else None
        raise InvalidField(" ".join(said), param="name" if param == "__all__" else param, code=code) from error
    except IntegrityError as error:
        raise InvalidField(f"There is a prompt {prompt.name} already.", param="name", code="name_taken") from error


def _searched(prompt: Prompt, wording: Wording | None) -> str:
    said = [line.content for line in wording.messages] if wording else []
    tags = [f"#{tag}" for tag in prompt.tags]
    return "\n".join([prompt.name, prompt.description, *tags, *said, ""]).lower()
