"""The prompt that a request names, in its place: its messages come first, its model and options hold where the request
says nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from llm.call import Call, Caller
from llm.errors import InvalidField, NotFound
from llm.needs import path
from llm.types import Message, Options, PromptReference, Request


@dataclass(slots=True, frozen=True)
class Rendered:
    """What a prompt says with these variables. `label` is the one it was asked by, if it was."""

    name: str
    version: int
    label: str | None
    messages: list[Message]
    model: str | None
    options: Options


class Prompts(Protocol):
    """`lot` decides between the versions of a split label: equal lots get the same one."""

    async def render(self, caller: Caller, asked: PromptReference, lot: str) -> Rendered:
        """Raises NotFound, and InvalidField with a `param` below `prompt`; Unavailable where the store is away."""


class NoPrompts:
    async def render(self, caller: Caller, asked: PromptReference, lot: str) -> Rendered:
        raise NotFound(f"There is no prompt {asked.name[:200]!r}.", param="name", code="prompt_not_found")


Renew = Callable[[], Awaitable[object]]


async def prompted(call: Call, prompts: Prompts, renew: Renew) -> Request:
    """The call's request with its prompt written out; its record names what was asked for, and what was found."""
    request, record = call.request, call.record
    asked = request.prompt
    if asked is None:
        return request
    record.prompt, record.prompt_version, record.prompt_label = asked.name, asked.version, asked.label
    lot = record.user_id or record.session_id or call.public_id
    rendered = await _rendered(request, call.caller, asked, lot, prompts, renew)
    record.prompt_version, record.prompt_label = rendered.version, rendered.label
    return written_out(request, rendered)


async def prompted_count(request: Request, caller: Caller, prompts: Prompts, renew: Renew) -> Request:
    """As `prompted`, where nothing is generated and so nothing recorded."""
    asked = request.prompt
    if asked is None:
        return request
    lot = caller.user_id or request.metadata.user_id or request.metadata.session_id or ""
    return written_out(request, await _rendered(request, caller, asked, lot, prompts, renew))


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


async def _rendered(
    request: Request, caller: Caller, asked: PromptReference, lot: str, prompts: Prompts, renew: Renew
) -> Rendered:
    """An unknown name may only be new: then one look at the registry comes before the 404."""
    try:
        try:
            return await prompts.render(caller, asked, lot)
        except NotFound:
            await renew()
            return await prompts.render(caller, asked, lot)
    except (NotFound, InvalidField) as error:
        error.param = path(request, f"prompt.{error.param}")
        raise
