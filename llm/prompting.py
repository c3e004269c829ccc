"""The prompt that a request names, in its place: its messages come first, its model and options hold where the request
says nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from llm.call import Call, Caller
from llm.errors import InvalidField, NotFound
from llm.needs import path
from llm.types import JsonObject, Message, Options, PromptReference, Request


@dataclass(slots=True, frozen=True)
class Choice:
    """The version that is meant. `prompt` tells prompts of one name apart; `label` is the one it was asked by, if it
    was."""

    prompt: int
    name: str
    version: int
    label: str | None


@dataclass(slots=True, frozen=True)
class Rendered:
    """What a prompt says with these variables."""

    messages: list[Message]
    model: str | None
    options: Options


class Prompts(Protocol):
    def choose(self, caller: Caller, asked: PromptReference, lot: str) -> Choice:
        """`lot` decides between the versions of a split label: equal lots get the same one. Raises NotFound and
        InvalidField."""

    async def render(self, choice: Choice, variables: JsonObject) -> Rendered:
        """Raises NotFound, and InvalidField with a `param` below `prompt`; Unavailable where the store is away."""


class NoPrompts:
    def choose(self, caller: Caller, asked: PromptReference, lot: str) -> Choice:
        raise NotFound(f"There is no prompt {asked.name[:200]!r}.", param="name", code="prompt_not_found")

    async def render(self, choice: Choice, variables: JsonObject) -> Rendered:
        raise AssertionError("None was chosen.")


Renew = Callable[[], Awaitable[object]]


async def prompted(call: Call, prompts: Prompts, renew: Renew) -> Request:
    """The call's request with its prompt written out; its record names what was asked for, and what was found, be it
    refused in the end."""
    request, record = call.request, call.record
    asked = request.prompt
    if asked is None:
        return request
    record.prompt, record.prompt_version, record.prompt_label = asked.name, asked.version, asked.label
    lot = record.user_id or record.session_id or call.public_id
    with _spelt(request):
        choice = await _chosen(call.caller, asked, lot, prompts, renew)
        record.prompt_version, record.prompt_label = choice.version, choice.label
        return written_out(request, await prompts.render(choice, asked.variables))


async def prompted_count(request: Request, caller: Caller, prompts: Prompts, renew: Renew) -> Request:
    """As `prompted`, where nothing is generated and so nothing recorded."""
    asked = request.prompt
    if asked is None:
        return request
    lot = caller.user_id or request.metadata.user_id or request.metadata.session_id or ""
    with _spelt(request):
        choice = await _chosen(caller, asked, lot, prompts, renew)
        return written_out(request, await prompts.render(choice, asked.variables))


def written_out(request: Request, rendered: Rendered) -> Request:
    ours, theirs = request.options, rendered.options
    unsaid = {
        name: value
        for name in Options.__slots__
        if getattr(ours, name) is None and (value := getattr(theirs, name)) is not None
    }
    return replace(
        request,
        messages=[*rendered.messages, *request.messages],
        model=request.model or rendered.model,
        options=replace(ours, **unsaid) if unsaid else ours,
    )


async def _chosen(caller: Caller, asked: PromptReference, lot: str, prompts: Prompts, renew: Renew) -> Choice:
    """An unknown name may only be new: then one look at the registry comes before the 404."""
    try:
        return prompts.choose(caller, asked, lot)
    except NotFound:
        await renew()
        return prompts.choose(caller, asked, lot)


@contextmanager
def _spelt(request: Request) -> Iterator[None]:
    """What is wrong is named as the request's dialect spells it."""
    try:
        yield
    except (NotFound, InvalidField) as error:
        error.param = path(request, f"prompt.{error.param}")
        raise
