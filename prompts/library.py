"""Prompts in this process' memory: what labels mean and say, renewed by the stamp; pinned versions on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TypeVar

import orjson
from django.db.models import Prefetch, Q, TextField
from django.db.models.functions import Cast

from llm.call import Caller
from llm.dialects.fields import Fields
from llm.dialects.options import read_options
from llm.errors import InvalidField, NotFound
from llm.prompting import Choice, Rendered
from llm.store import visit
from llm.types import JsonObject, Message, Options, PromptReference, ResponseFormat
from prompts.choosing import Split, chosen
from prompts.models import Label, Prompt, Version
from prompts.render import Compiled, compiled
from prompts.wording import read_wording

DEFAULT_LABEL = "production"
MOST_COMPILED = 1_000
MOST_PINNED = 1_000
HEAVIEST = 32 * 2**20
"""Bytes of the wordings that are pinned, and of those that are compiled."""
IN_ONE_QUERY = 200
LONG = 20_000
"""Bytes of a wording, or of its variables, from which on the work is done beside the event loop."""

Place = tuple[int | None, str]
"""An organisation's id, None for what is shared, and a prompt's name."""
Edition = tuple[int, int]
"""A prompt's id and a version's number."""
T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class Shelved:
    id: int
    place: Place
    archived: bool
    labels: dict[str, Split]


@dataclass(slots=True, frozen=True)
class Ready:
    """`weight` is the length of its wording in bytes."""

    compiled: Compiled
    options: Options
    weight: int


class Library:
    """Read on every event loop, written by the catalog's thread alone. What is published is replaced as a whole."""

    def __init__(self) -> None:
        self._shelf: dict[Place, Shelved] = {}
        self._wordings: dict[Edition, bytes] = {}
        self._pinned: dict[Edition, bytes] = {}
        self._compiled: dict[Edition, Ready] = {}
        self._stamp = -1

    def renew(self) -> None:
        """Read what has changed since the last time."""
        rows = list(
            Prompt.objects.filter(stamp__gt=self._stamp).prefetch_related(
                Prefetch("labels", Label.objects.only("prompt_id", "name", "split"))
            )
        )
        found = [
            Shelved(
                row.pk,
                (row.organisation_id, row.name),
                row.archived,
                {label.name: label.split for label in row.labels.all()},
            )
            for row in rows
        ]
        ids = {one.id for one in found}
        wanted = {(one.id, share["version"]) for one in found for split in one.labels.values() for share in split}
        kept = {edition: said for edition, said in self._wordings.items() if edition[0] not in ids or edition in wanted}
        self._wordings = kept | _wordings(wanted - kept.keys())
        self._shelf = {place: one for place, one in self._shelf.items() if one.id not in ids} | {
            one.place: one for one in found
        }
        self._stamp = max((row.stamp for row in rows), default=self._stamp)

    def find(self, organisation_id: int, name: str) -> Shelved:
        """The organisation's own, else the shared one. Raises NotFound."""
        found = self._shelf.get((organisation_id, name)) or self._shelf.get((None, name))
        if found is None:
            raise NotFound(f"There is no prompt {name[:200]!r}.", param="name", code="prompt_not_found")
        if found.archived:
            raise NotFound(f"The prompt {name} is archived.", param="name", code="prompt_archived")
        return found

    def choose(self, caller: Caller, asked: PromptReference, lot: str) -> Choice:
        """Raises NotFound and InvalidField."""
        prompt = self.find(caller.organisation_id, asked.name)
        if asked.label is not None and asked.version is not None:
            raise InvalidField("Name a label or a version, not both.", param="version")
        number, label = asked.version, None
        if number is None:
            label = DEFAULT_LABEL if asked.label is None else asked.label
            number = chosen(_split(prompt, label), f"{prompt.id}:{label}:{lot}")
        return Choice(prompt.id, asked.name, number, label)

    async def render(self, choice: Choice, variables: JsonObject) -> Rendered:
        """Raises NotFound, InvalidField and Unavailable."""
        edition = await self._ready((choice.prompt, choice.version), choice.name)
        messages = await _written(edition.compiled, variables)
        return Rendered(messages, edition.compiled.wording.model, edition.options)

    async def _ready(self, edition: Edition, name: str) -> Ready:
        """Compiled once for each version and process. Raises NotFound, and Unavailable where it must be read first."""
        known = self._compiled.get(edition)
        if known is not None:
            return known
        said = self._wordings.get(edition) or self._pinned.get(edition)
        if said is None:
            said = await visit(_wording, edition)
            if said is None:
                raise NotFound(f"{name} has no version {edition[1]}.", param="version", code="version_not_found")
            self._pinned = _with(self._pinned, edition, said, most=MOST_PINNED, weight=len)
        made = await asyncio.to_thread(_read, said) if len(said) > LONG else _read(said)
        self._compiled = _with(self._compiled, edition, made, most=MOST_COMPILED, weight=attrgetter("weight"))
        return made


def _with(
    held: dict[Edition, T], edition: Edition, thing: T, *, most: int, weight: Callable[[T], int]
) -> dict[Edition, T]:
    """When too many or too heavy ones are held all are forgotten, which costs each of those in use one more reading."""
    heavy = sum(map(weight, held.values())) + weight(thing) > HEAVIEST
    return {edition: thing} if heavy or len(held) >= most else {**held, edition: thing}


def _split(prompt: Shelved, label: str) -> Split:
    split = prompt.labels.get(label)
    if split is None:
        known = ", ".join(sorted(prompt.labels)) or "none"
        raise NotFound(
            f"The prompt {prompt.place[1]} has no label {label[:64]!r}.",
            param="label",
            code="label_not_found",
            hint=f"Its labels: {known}.",
        )
    return split


async def _written(prompt: Compiled, variables: JsonObject) -> list[Message]:
    """Long values are worked on beside the event loop, where they hold up nobody else."""
    if _is_long(variables):
        return await asyncio.to_thread(prompt.render, variables)
    return prompt.render(variables)


def _is_long(variables: JsonObject) -> bool:
    try:
        return len(orjson.dumps(variables)) > LONG
    except orjson.JSONEncodeError:
        return True  # it is no JSON: how much there is of it, and what is wrong with it, rendering says


def _read(said: bytes) -> Ready:
    """Raises TemplateError."""
    wording = read_wording(Fields(orjson.loads(said), "", strict=True))
    options = read_options(Fields(wording.options, "options", strict=True))
    if wording.response_schema is not None and options.response_format is None:
        options.response_format = ResponseFormat("json_schema", wording.response_schema, name="answer")
    return Ready(compiled(wording), options, len(said))


def _wording(edition: Edition) -> bytes | None:
    return _wordings([edition]).get(edition)


def _wordings(editions: Iterable[Edition]) -> dict[Edition, bytes]:
    """Those there are, as the bytes of their JSON: most of them are never asked for."""
    return {
        (prompt, number): said.encode()
        for chunk in _chunks(editions)
        for prompt, number, said in Version.objects.filter(chunk)
        .annotate(said=Cast("wording", TextField()))
        .values_list("prompt_id", "number", "said")
    }


def _chunks(editions: Iterable[Edition]) -> Iterator[Q]:
    left = iter(sorted(editions))
    while chunk := list(islice(left, IN_ONE_QUERY)):
        yield Q(*(Q(prompt_id=prompt, number=number) for prompt, number in chunk), _connector=Q.OR)
