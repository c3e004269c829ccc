"""The vendor of our own: an answer without a key, and faults on purpose."""

from __future__ import annotations

import pytest

from llm.errors import ProviderBroken, ProviderOverloaded
from llm.providers.echo import EchoProvider
from llm.types import Message, Request, Text, TextDelta
from tests.llm.providers.asking import ask, failure, upstream_call


@pytest.mark.parametrize("text", ["", "a", " spaces  and\nlines\n", "déjà vu 🎉"])
async def test_it_says_exactly_what_it_heard(text: str) -> None:
    completion = await ask(EchoProvider(), upstream_call("echo", text))
    said = completion.choices[0].text if completion.choices else ""
    assert said == text


async def test_it_answers_the_last_thing_the_user_said() -> None:
    call = upstream_call("echo")
    call.request = Request([Message("user", [Text("first")]), Message("assistant", [Text("so")])])
    assert (await ask(EchoProvider(), call)).choices[0].text == "first"


async def test_without_a_user_it_says_nothing() -> None:
    call = upstream_call("echo")
    call.request = Request([Message("system", [Text("rules")])])
    completion = await ask(EchoProvider(), call)
    assert completion.usage
    assert completion.usage.completion_tokens == 0


async def test_one_fails_on_purpose() -> None:
    assert isinstance(await failure(EchoProvider(), upstream_call("echo-fail")), ProviderOverloaded)


async def test_one_breaks_off_on_purpose() -> None:
    batches = EchoProvider().stream(upstream_call("echo-cut", "one two three four five", stream=True))
    said = [event.text for _ in range(4) for event in await anext(batches) if isinstance(event, TextDelta)]
    with pytest.raises(ProviderBroken):
        await anext(batches)
    assert "".join(said) == "one two three "


async def test_it_breaks_off_short_answers_too() -> None:
    assert isinstance(await failure(EchoProvider(), upstream_call("echo-cut", "one", stream=True)), ProviderBroken)


async def test_one_is_slow_on_purpose() -> None:
    call = upstream_call("echo-slow", "one")
    await ask(EchoProvider(), call)
    assert call.waited == 0.5
