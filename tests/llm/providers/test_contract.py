"""What every provider keeps to, whoever the vendor is: each kind that can be asked is in `PROVIDERS` and must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial

import pytest

from llm.providers.base import Provider
from llm.providers.compatible import COMPATIBLE
from llm.providers.echo import EchoProvider
from llm.types import CONTENT, Finished, Options, Started, TextDelta, UsageReport
from llm.wiring import KINDS
from tests.llm.providers.asking import (
    anthropic_provider,
    ask,
    events_of,
    google_provider,
    openai_provider,
    upstream_call,
)
from tests.upstream import Upstream


@asynccontextmanager
async def echo(upstream: Upstream) -> AsyncIterator[Provider]:
    yield EchoProvider()


@asynccontextmanager
async def openai(upstream: Upstream, kind: str = "openai") -> AsyncIterator[Provider]:
    async with openai_provider(f"{upstream.root_url}/{kind}/v1", kind=kind) as provider:
        yield provider


@asynccontextmanager
async def anthropic(upstream: Upstream) -> AsyncIterator[Provider]:
    async with anthropic_provider(upstream.base_url) as provider:
        yield provider


@asynccontextmanager
async def google(upstream: Upstream) -> AsyncIterator[Provider]:
    async with google_provider(upstream.root_url) as provider:
        yield provider


Opened = Callable[[Upstream], AbstractAsyncContextManager[Provider]]
PROVIDERS: dict[str, tuple[Opened, str]] = {
    "echo": (echo, "echo"),
    "openai": (openai, "gpt-4o-mini"),
    "anthropic": (anthropic, "claude-haiku-4-5"),
    "google": (google, "gemini-2.5-flash"),
    **{kind: (partial(openai, kind=kind), "gpt-4o-mini") for kind in COMPATIBLE},
}

EACH = pytest.mark.parametrize(("opened", "model"), PROVIDERS.values(), ids=PROVIDERS)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])


def test_every_kind_that_can_be_asked_is_held_to_this() -> None:
    assert set(PROVIDERS) == set(KINDS)


@EACH
@BOTH
async def test_an_answer_has_its_text_end_and_usage(
    upstream: Upstream, opened: Opened, model: str, stream: bool
) -> None:
    async with opened(upstream) as provider:
        completion = await ask(provider, upstream_call(model, "one two three", stream=stream))
    assert completion.choices[0].text == "one two three"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.upstream_model == model
    assert completion.usage
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (3, 3)


@EACH
async def test_streamed_and_whole_are_the_same_answer(upstream: Upstream, opened: Opened, model: str) -> None:
    async with opened(upstream) as provider:
        whole = await ask(provider, upstream_call(model))
        streamed = await ask(provider, upstream_call(model, stream=True))
    assert streamed.choices == whole.choices
    assert streamed.usage == whole.usage


@EACH
async def test_a_stream_brings_its_words_one_by_one(upstream: Upstream, opened: Opened, model: str) -> None:
    async with opened(upstream) as provider:
        events = await events_of(provider, upstream_call(model, stream=True))
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 3


@EACH
@BOTH
async def test_what_began_comes_first_and_the_end_after_all_content(
    upstream: Upstream, opened: Opened, model: str, stream: bool
) -> None:
    async with opened(upstream) as provider:
        events = await events_of(provider, upstream_call(model, stream=stream))
    kinds = [type(event) for event in events]
    last_content = max(place for place, event in enumerate(events) if isinstance(event, CONTENT))
    assert kinds.index(Started) == 0
    assert kinds.index(Finished) > last_content
    assert UsageReport in kinds


@EACH
@BOTH
async def test_the_output_bound_is_kept(upstream: Upstream, opened: Opened, model: str, stream: bool) -> None:
    call = upstream_call(model, "one two three", stream=stream, options=Options(max_tokens=2))
    async with opened(upstream) as provider:
        completion = await ask(provider, call)
    assert completion.choices[0].text.strip() == "one two"
    assert completion.choices[0].finish_reason == "length"


@EACH
async def test_a_stream_may_be_left_at_any_moment(upstream: Upstream, opened: Opened, model: str) -> None:
    async with opened(upstream) as provider:
        async with aclosing(provider.stream(upstream_call(model, stream=True))) as batches:
            await anext(batches)
        assert (await ask(provider, upstream_call(model))).choices[0].text == "one two three"


@EACH
async def test_it_names_the_dialect_whose_words_it_keeps(upstream: Upstream, opened: Opened, model: str) -> None:
    async with opened(upstream) as provider:
        assert provider.dialect in {"native", "openai", "anthropic", "gemini"}


@EACH
async def test_a_probe_names_the_models(upstream: Upstream, opened: Opened, model: str) -> None:
    async with opened(upstream) as provider:
        assert model in (await provider.probe()).models
