"""What a request needs, who offers it, and how its caller spells a field."""

from __future__ import annotations

from fnmatch import fnmatchcase

from llm.call import Caller
from llm.registry import ModelSpec, RouteSpec
from llm.types import Image, Options, Request

OURS = frozenset({"provider", "fallbacks", "prompt", "requirements"})
"""Fields that no other dialect has, so that there they stand in an object of their own."""

FIELDS = {"streaming": "stream", "tools": "tools", "vision": "messages"}
"""Where a need shows."""


def may_use(caller: Caller, name: str) -> bool:
    return any(pattern == "*" or fnmatchcase(name, pattern) for pattern in caller.models)


def needs(request: Request) -> list[str]:
    found = ["streaming"] if request.stream else []
    if request.options.tools:
        found.append("tools")
    if any(isinstance(part, Image) for message in request.messages for part in message.parts):
        found.append("vision")
    return found


def lacking(request: Request, model: ModelSpec) -> list[str]:
    """The capabilities asked for that the model lacks; a model without a list is taken to have all."""
    return [need for need in needs(request) if model.capabilities and need not in model.capabilities]


def serves(request: Request, route: RouteSpec) -> bool:
    offers = {"streaming": route.provider.streaming, "tools": route.provider.tools, "vision": route.provider.images}
    return all(offers[need] for need in needs(request))


def path(request: Request, name: str) -> str:
    """The field as this caller's dialect spells it."""
    if request.dialect == "native":
        return f"options.{name}" if name in Options.__slots__ else name
    return f"gatehouse.{name}" if name.partition(".")[0] in OURS else name
