"""How many tokens a prompt has, as exactly as can be known: offline, from the vendor, or estimated."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Literal

from llm import tokens
from llm.canonical import canonical
from llm.errors import ProviderError, ProviderRefused
from llm.providers.base import ProviderFactory
from llm.registry import ModelSpec, RouteSpec
from llm.types import Message, Request, Text

Method = Literal["exact", "provider", "estimate"]
MOST_KEPT = 4_000


@dataclass(slots=True, frozen=True)
class Count:
    tokens: int
    method: Method


class Counter:
    """Counts on one event loop, and what it was sure of only once. When it remembers too much it forgets all."""

    def __init__(self, providers: ProviderFactory) -> None:
        self._providers = providers
        self._kept: dict[bytes, Count] = {}

    async def count(self, prompt: Request | str, model: ModelSpec, route: RouteSpec | None = None) -> Count:
        """Of a request, what its messages have with the vendor's frame around them; of a text, what is in it alone,
        where the vendor is not asked: there it is a message. The first route's vendor is asked, unless one is named.

        A vendor that fails is as good as none; what it refuses of a request in its own dialect is ProviderRefused.
        """
        route = route or first_route(model)
        key = _key(prompt, model, route)
        known = self._kept.get(key)
        if known is not None:
            return known
        counted = await self._counted(prompt, model, route)
        if counted.method != "estimate":
            if len(self._kept) >= MOST_KEPT:
                self._kept = {}
            self._kept[key] = counted
        return counted

    async def _counted(self, prompt: Request | str, model: ModelSpec, route: RouteSpec | None) -> Count:
        name = route.upstream_model if route else model.name
        if tokens.vocabulary_of(name):
            return Count(await asyncio.to_thread(_tally, prompt, name), "exact" if _is_text(prompt) else "estimate")
        if route is not None and (told := await self._asked(prompt, route)) is not None:
            return Count(told, "provider")
        return Count(await asyncio.to_thread(_tally, prompt, name), "estimate")

    async def _asked(self, prompt: Request | str, route: RouteSpec) -> int | None:
        request = Request([Message("user", [Text(prompt)])]) if isinstance(prompt, str) else prompt
        try:
            provider = self._providers(route.provider)
            return await provider.count(request, route.upstream_model)
        except ProviderError as failure:
            if isinstance(failure, ProviderRefused) and request.dialect == provider.dialect:
                raise
            return None


def first_route(model: ModelSpec) -> RouteSpec | None:
    """The one that is most likely tried first."""
    return min(model.routes, key=lambda route: (route.order, -route.weight), default=None)


def _tally(prompt: Request | str, name: str) -> int:
    return tokens.count_text(prompt, name) if isinstance(prompt, str) else tokens.count(prompt, name)


def _is_text(prompt: Request | str) -> bool:
    """Vocabularies count text; all else has a usual weight."""
    if isinstance(prompt, str):
        return True
    return all(isinstance(part, Text) for message in prompt.messages for part in message.parts)


def _key(prompt: Request | str, model: ModelSpec, route: RouteSpec | None) -> bytes:
    asked = (route.provider.id, route.provider.version, route.upstream_model) if route else (model.name,)
    said = prompt if isinstance(prompt, str) else (prompt.messages, prompt.options, prompt.extra, prompt.headers)
    return hashlib.sha256(canonical([*asked, said])).digest()
