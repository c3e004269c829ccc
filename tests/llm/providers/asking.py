"""Ask a provider directly, as the router does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from llm.call import new_id, public_id
from llm.dialects.openai import OPENAI
from llm.errors import ProviderError
from llm.fold import Fold
from llm.providers.anthropic import AnthropicProvider
from llm.providers.base import Provider, UpstreamCall
from llm.providers.compatible import COMPATIBLE
from llm.providers.google import GoogleProvider
from llm.providers.openai import OpenAIProvider
from llm.registry import ProviderSpec, RouteSpec
from llm.types import Completion, Event, Message, Options, Request, Text


def upstream_call(model: str, text: str = "one two three", *, stream: bool = False, **fields: Any) -> UpstreamCall:
    options = fields.pop("options", Options())
    dialect, headers = fields.pop("dialect", "openai"), fields.pop("headers", {})
    asked = Request([Message("user", [Text(text)])], model=model, stream=stream, dialect=dialect, options=options)
    asked.headers = headers
    spec = ProviderSpec(id=1, name="fake", kind="openai")
    route = RouteSpec(id=1, provider=spec, upstream_model=model)
    waits = {"timeout": 20.0, "first_token_timeout": 20.0, "chunk_timeout": 20.0} | fields
    return UpstreamCall(public_id(new_id()), asked, route, max_tokens=options.max_tokens, **waits)


@asynccontextmanager
async def openai_provider(base_url: str, **fields: Any) -> AsyncIterator[OpenAIProvider]:
    said: dict[str, Any] = {"id": 1, "name": "fake", "kind": "openai", "base_url": base_url, "secret": "sk-v"}
    spec = ProviderSpec(**(said | fields))
    provider = OpenAIProvider(spec, COMPATIBLE.get(spec.kind, OPENAI))
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def anthropic_provider(base_url: str, **fields: Any) -> AsyncIterator[AnthropicProvider]:
    said: dict[str, Any] = {"id": 1, "name": "fake", "kind": "anthropic", "base_url": base_url, "secret": "sk-v"}
    provider = AnthropicProvider(ProviderSpec(**(said | fields)))
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def google_provider(base_url: str, **fields: Any) -> AsyncIterator[GoogleProvider]:
    said: dict[str, Any] = {"id": 1, "name": "fake", "kind": "google", "base_url": base_url, "secret": "AIza-v"}
    provider = GoogleProvider(ProviderSpec(**(said | fields)))
    try:
        yield provider
    finally:
        await provider.close()


async def events_of(provider: Provider, call: UpstreamCall) -> list[Event]:
    async with aclosing(provider.stream(call)) as batches:
        return [event async for events in batches for event in events]


async def ask(provider: Provider, call: UpstreamCall) -> Completion:
    fold = Fold()
    fold.add(await events_of(provider, call))
    return fold.completion


async def failure(provider: Provider, call: UpstreamCall) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(provider, call)
    return caught.value
