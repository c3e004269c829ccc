"""OpenAI and its like through the official SDK, against a vendor that fails as its model's name says."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderContentFilter,
    ProviderContextTooLong,
    ProviderError,
    ProviderModelMissing,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm.providers.openai import OpenAIProvider
from llm.providers.transport import hidden
from llm.registry import ProviderSpec
from llm.types import Finished, Options, TextDelta
from tests.llm.certificates import self_signed
from tests.llm.providers.asking import ask, events_of, failure, openai_provider, upstream_call
from tests.upstream import Upstream

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])

STATUSES: list[tuple[str, type[ProviderError]]] = [
    ("status-400", ProviderRefused),
    ("status-401", ProviderAuth),
    ("status-403", ProviderAuth),
    ("status-404", ProviderModelMissing),
    ("status-408", ProviderTimeout),
    ("status-413", ProviderRefused),
    ("status-422", ProviderRefused),
    ("status-429", ProviderRateLimited),
    ("status-500", ProviderBroken),
    ("status-502", ProviderBroken),
    ("status-503", ProviderOverloaded),
    ("status-504", ProviderTimeout),
    ("status-529", ProviderOverloaded),
    ("status-500+detail", ProviderBroken),
    ("status-429+error-text", ProviderRateLimited),
    ("status-500+plain-text", ProviderBroken),
    ("status-500+no-body", ProviderBroken),
    ("html-502", ProviderBroken),
    ("redirect-302", ProviderBroken),
    ("context-length", ProviderContextTooLong),
    ("content-filter", ProviderContentFilter),
    ("error-200", ProviderBroken),
    ("html-200", ProviderBroken),
    ("bad-json", ProviderBroken),
    ("error-frame", ProviderBroken),
    ("reset-first", ProviderBroken),
    ("reset-mid", ProviderBroken),
    ("fin-first", ProviderBroken),
    ("fin-mid", ProviderBroken),
    ("cut", ProviderBroken),
]


@BOTH
@pytest.mark.parametrize(("name", "error"), STATUSES, ids=[name for name, _ in STATUSES])
async def test_each_fault_has_its_error(
    upstream: Upstream, name: str, error: type[ProviderError], stream: bool
) -> None:
    async with openai_provider(upstream.base_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=stream))
    assert isinstance(raised, error), repr(raised)
    assert upstream.served == 1


@pytest.mark.parametrize("name", ["empty-choices", "only-done", "early-end", "empty-200", "empty-object"])
async def test_a_stream_without_its_end_has_no_finish(upstream: Upstream, name: str) -> None:
    """Whether that is a failure is the router's to judge, which knows what was begun."""
    async with openai_provider(upstream.base_url) as provider:
        events = await events_of(provider, upstream_call(name, stream=True))
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("name", ["empty-choices", "only-done", "early-end", "empty-200", "empty-object"])
async def test_a_whole_answer_that_is_none_is_broken(upstream: Upstream, name: str) -> None:
    async with openai_provider(upstream.base_url) as provider:
        assert isinstance(await failure(provider, upstream_call(name)), ProviderBroken)


ANSWERS = [
    "gpt-4o-mini",
    "crlf",
    "comments",
    "names",
    "multiline",
    "no-space",
    "foreign+utf8-split",
    "usage-finish",
    "finish-with-word",
    "no-done",
    "no-role",
    "parts",
    "changing-ids",
    "one-write",
    "no-blank-line",
    "until-close",
    "drip",
]


@BOTH
@pytest.mark.parametrize("name", ANSWERS)
async def test_however_it_is_laid_out_the_answer_is_the_same(upstream: Upstream, name: str, stream: bool) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call(name, stream=stream))
        plain = await ask(provider, upstream_call("foreign" if "foreign" in name else "gpt-4o-mini"))
    assert completion.choices[0].text == plain.choices[0].text != ""
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage == plain.usage


@pytest.mark.parametrize("name", ["error-frame+one-write", "bad-json+one-write"])
async def test_words_that_came_along_with_a_fault_are_not_lost(upstream: Upstream, name: str) -> None:
    said: list[str] = []
    async with openai_provider(upstream.base_url) as provider:
        batches = provider.stream(upstream_call(name, stream=True))
        with pytest.raises(ProviderBroken):  # noqa: PT012 - the words count that came before it
            async for events in batches:
                said += [event.text for event in events if isinstance(event, TextDelta) and event.text]
    assert said == ["one"]


async def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used_again(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        for _ in range(3):
            await ask(provider, upstream_call("fin-after"))
            await upstream.until(lambda: upstream.open_sockets == 0)
    assert upstream.served == 3


@pytest.mark.parametrize("name", ["usage-every", "finish-twice"])
async def test_what_comes_twice_in_a_stream_counts_once(upstream: Upstream, name: str) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call(name, stream=True))
    assert completion.usage
    assert completion.usage.completion_tokens == 3
    assert completion.choices[0].finish_reason == "stop"


async def test_usage_is_asked_for_in_every_stream(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        await ask(provider, upstream_call("gpt-4o-mini", stream=True))
    assert upstream.requests[0].json["stream_options"] == {"include_usage": True}


@BOTH
async def test_our_id_the_vendors_key_and_name_go_along(upstream: Upstream, stream: bool) -> None:
    call = upstream_call("gpt-4o-mini", stream=stream, options=Options(max_tokens=7))
    async with openai_provider(upstream.base_url, secret="sk-canary", organization="org-1") as provider:
        await ask(provider, call)
    received = upstream.requests[0]
    assert received.id == call.id
    assert received.key == "sk-canary"
    assert received.headers["openai-organization"] == "org-1"
    assert (received.json["model"], received.json["max_completion_tokens"]) == ("gpt-4o-mini", 7)
    assert bool(received.json.get("stream")) is stream


async def test_the_vendors_key_is_in_no_message(upstream: Upstream) -> None:
    secret = "sk-canary-0123456789abcdefghijklmnop"
    async with openai_provider(upstream.base_url, secret=secret) as provider:
        raised = await failure(provider, upstream_call("status-401-echo-key"))
    assert secret not in raised.message
    assert "canary" not in raised.message


@pytest.mark.parametrize("secret", ["vendor-secret-7", "hunter22hunter22"])
async def test_a_key_of_no_known_shape_is_taken_out_too(upstream: Upstream, secret: str) -> None:
    async with openai_provider(upstream.base_url, secret=secret) as provider:
        raised = await failure(provider, upstream_call("status-400-echo-key"))
    assert secret not in raised.message


async def test_of_a_key_in_parts_none_is_left(upstream: Upstream) -> None:
    """Its middle alone looks like a key to those who do not know it."""
    async with openai_provider(upstream.base_url, secret=f"left.{'a1' * 20}.right") as provider:
        raised = await failure(provider, upstream_call("status-400-echo-key"))
    assert "left" not in raised.message
    assert "right" not in raised.message


@pytest.mark.parametrize("text", ["Bad key hunter22.", "Bad key hunter22…", "Bad key hunter2…", "Bad key hunt…"])
def test_a_key_that_was_cut_off_is_hidden_too(text: str) -> None:
    assert hidden("hunter22", text).startswith("Bad key [key]")


def test_a_text_without_the_key_stays_as_it_is() -> None:
    assert hidden("hunter22", "Call the hunters…") == "Call the hunters…"
    assert hidden("", "Call the hunters…") == "Call the hunters…"


RETRIES = [
    ("status-429+retry-after-2", 2.0),
    ("status-429+retry-after-0.5", 0.5),
    ("status-429+retry-after-ms-250", 0.25),
    ("status-429+retry-after--5", None),
    ("status-429+retry-after-garbage", None),
]


@pytest.mark.parametrize(("name", "seconds"), RETRIES)
async def test_retry_after_is_read_in_every_form(upstream: Upstream, name: str, seconds: float | None) -> None:
    async with openai_provider(upstream.base_url) as provider:
        raised = await failure(provider, upstream_call(name))
    assert raised.retry_after in (seconds, seconds or 0.0)


async def test_nobody_listening_is_unreachable() -> None:
    async with openai_provider("http://127.0.0.1:9/v1") as provider:
        raised = await failure(provider, upstream_call("gpt-4o-mini"))
    assert isinstance(raised, ProviderUnreachable)
    assert raised.retryable


@pytest.mark.parametrize(
    ("name", "stream", "waits", "said"),
    [
        ("stall-first", True, {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
        ("stall-body", True, {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
        ("stall-mid", True, {"chunk_timeout": 0.1}, "stood still for 0.1 s"),
        ("words-500+gap-20ms", True, {"timeout": 0.3}, "did not finish within 0.3 s"),
        ("stall-first", False, {"timeout": 0.1}, "did not finish within 0.1 s"),
        ("stall-mid", False, {"timeout": 0.1}, "did not finish within 0.1 s"),
        ("comments+gate-body", True, {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
    ],
)
async def test_each_wait_has_its_own_end(
    upstream: Upstream, name: str, stream: bool, waits: dict[str, Any], said: str
) -> None:
    async with openai_provider(upstream.base_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=stream, **waits))
        await upstream.until(lambda: upstream.open_sockets == 0)
    assert isinstance(raised, ProviderTimeout)
    assert said in raised.message


async def test_a_whole_answer_may_take_longer_than_a_first_token(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("slow-body-300ms", first_token_timeout=0.05))
    assert completion.choices[0].text == "one two three"


async def test_the_wait_for_the_vendor_is_told_apart(upstream: Upstream) -> None:
    call = upstream_call("slow-first-200ms")
    async with openai_provider(upstream.base_url) as provider:
        await ask(provider, call)
    assert 0.2 <= call.waited < 2


async def test_leaving_a_stream_closes_its_socket(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        async with aclosing(provider.stream(upstream_call("gate", stream=True))) as batches:
            async for events in batches:
                if any(isinstance(event, TextDelta) for event in events):
                    break
        await upstream.until(lambda: upstream.aborts == 1 and upstream.open_sockets == 0)


@BOTH
async def test_a_finished_answer_leaves_its_connection_for_the_next(upstream: Upstream, stream: bool) -> None:
    async with openai_provider(upstream.base_url) as provider:
        for _ in range(5):
            await ask(provider, upstream_call("gpt-4o-mini", stream=stream))
        assert upstream.open_sockets == 1


async def test_a_huge_answer_comes_through_and_an_endless_one_does_not(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("huge-4mb", stream=True))
        raised = await failure(provider, upstream_call("huge-80mb"))
    assert len(completion.choices[0].text) >= 4_000_000
    assert "too large" in raised.message


async def test_a_line_of_a_megabyte_is_one_event(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("line-1mb", stream=True))
    assert len(completion.choices[0].text) >= 1_000_000


@BOTH
async def test_several_calls_at_once_keep_their_places(upstream: Upstream, stream: bool) -> None:
    async with openai_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("tools-3", stream=stream))
    calls = completion.choices[0].tool_calls
    assert len({call.id for call in calls}) == 3
    assert completion.choices[0].finish_reason == "tool_calls"


@BOTH
async def test_reasoning_refusal_and_reasons_come_through(upstream: Upstream, stream: bool) -> None:
    async with openai_provider(upstream.base_url) as provider:
        thought = await ask(provider, upstream_call("reasoning", stream=stream))
        refused = await ask(provider, upstream_call("refusal", stream=stream))
        cut = await ask(provider, upstream_call("finish-length", stream=stream))
        filtered = await ask(provider, upstream_call("finish-content_filter", stream=stream))
    assert thought.choices[0].reasoning
    assert thought.usage
    assert thought.usage.reasoning_tokens
    assert refused.choices[0].refusal
    assert (cut.choices[0].finish_reason, filtered.choices[0].finish_reason) == ("length", "content_filter")


async def test_the_environment_of_the_process_says_nothing(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-environment")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-environment: yes")
    async with openai_provider(upstream.base_url) as provider:
        await ask(provider, upstream_call("gpt-4o-mini"))
    assert "environment" not in repr(upstream.requests[0].headers)
    assert OpenAIProvider(ProviderSpec(id=1, name="o", kind="openai"))._completions.host == "api.openai.com"


async def test_a_probe_proves_the_credentials(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url, secret="sk-play-status-401") as provider:
        with pytest.raises(ProviderAuth):
            await provider.probe()


async def test_a_probe_of_nobody_is_unreachable() -> None:
    async with openai_provider("http://127.0.0.1:9/v1") as provider:
        with pytest.raises(ProviderUnreachable):
            await provider.probe()


async def test_a_probe_tells_of_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "127.0.0.1")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=certificate.context)
    async with server, openai_provider(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1") as provider:
        with pytest.raises(ProviderUnreachable, match="self-signed certificate"):
            await provider.probe()


async def test_a_probe_tells_of_a_host_that_has_no_address() -> None:
    async with openai_provider("https://nowhere.invalid/v1") as provider:
        with pytest.raises(ProviderUnreachable, match="host name is not known"):
            await provider.probe()
