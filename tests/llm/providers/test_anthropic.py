"""Anthropic and its like through the official SDK, against a vendor that fails as its model's name says."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from llm.dialects import anthropic as dialect
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
from llm.providers.anthropic import AnthropicProvider
from llm.registry import ModelSpec, ProviderSpec
from llm.types import Block, Finished, JsonObject, Message, Options, Request, Text, TextDelta, Usage
from tests.llm.dialects.records import a_record
from tests.llm.providers.asking import anthropic_provider, ask, events_of, failure, upstream_call
from tests.upstream import Upstream
from tests.upstream.shapes.anthropic import SIGNATURE
from tests.upstream.words.anthropic import CITATION, FOUND, SEARCH

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
OLD, NEW = "claude-haiku-4-5", "claude-haiku-5-5"

STATUSES: list[tuple[str, type[ProviderError]]] = [
    ("status-400", ProviderRefused),
    ("status-401", ProviderAuth),
    ("status-402", ProviderAuth),
    ("status-403", ProviderAuth),
    ("status-404", ProviderModelMissing),
    ("status-413", ProviderRefused),
    ("status-429", ProviderRateLimited),
    ("status-500", ProviderBroken),
    ("status-502", ProviderBroken),
    ("status-503", ProviderOverloaded),
    ("status-504", ProviderTimeout),
    ("status-529", ProviderOverloaded),
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
    ("overloaded-frame", ProviderOverloaded),
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
    async with anthropic_provider(upstream.base_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=stream))
    assert type(raised) is error, repr(raised)
    assert upstream.served == 1


@pytest.mark.parametrize("name", ["early-end", "empty-200", "empty-object"])
async def test_a_stream_without_its_end_has_no_finish(upstream: Upstream, name: str) -> None:
    """Whether that is a failure is the router's to judge, which knows what was begun."""
    async with anthropic_provider(upstream.base_url) as provider:
        events = await events_of(provider, upstream_call(name, stream=True))
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("name", ["early-end", "empty-200", "empty-object", "only-done"])
async def test_a_whole_answer_that_is_none_is_broken(upstream: Upstream, name: str) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        assert isinstance(await failure(provider, upstream_call(name)), ProviderBroken)


ANSWERS = [
    "claude-haiku-4-5",
    "crlf",
    "comments",
    "names",
    "multiline",
    "no-space",
    "pings",
    "no-stop",
    "begun-twice",
    "one-write",
    "no-blank-line",
    "until-close",
    "drip",
    "foreign+utf8-split",
]


@BOTH
@pytest.mark.parametrize("name", ANSWERS)
async def test_however_it_is_laid_out_the_answer_is_the_same(upstream: Upstream, name: str, stream: bool) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call(name, stream=stream))
        plain = await ask(provider, upstream_call("foreign" if "foreign" in name else OLD))
    assert completion.choices == plain.choices
    assert completion.usage == plain.usage
    assert completion.choices[0].text


@BOTH
async def test_blocks_keep_their_order_and_all_that_is_theirs(upstream: Upstream, stream: bool) -> None:
    name = "reasoning+redacted+searched+text-and-tool+cited"
    async with anthropic_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call(name, "one two", stream=stream))
    choice = completion.choices[0]
    assert (choice.reasoning, choice.text) == ("Let me think.", "one two")
    assert [block.kind for block in choice.blocks or ()] == [
        *("reasoning", "opaque", "opaque", "opaque", "text", "tool_call")
    ]
    assert choice.blocks
    assert choice.blocks[0] == Block("reasoning", 13, SIGNATURE)
    assert choice.blocks[3].extra == FOUND
    assert choice.blocks[4] == Block("text", 7, extra={"citations": [CITATION]})
    assert dialect.render_completion(Request([]), a_record(), completion)["content"][2] == SEARCH


@BOTH
async def test_usage_counts_the_cache_in_and_tells_the_hour_apart(upstream: Upstream, stream: bool) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("cached+written-5+written-hour-7", "a b c d", stream=stream))
    usage = completion.usage
    assert usage
    assert (usage.prompt_tokens, usage.cached_tokens) == (16, 2)
    assert (usage.cache_write_tokens, usage.hour_write_tokens) == (12, 7)
    assert (usage.completion_tokens, usage.total_tokens, usage.estimated) == (4, 20, False)


async def test_a_stream_that_breaks_off_has_told_its_prompt(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("early-end", "a b c d", stream=True))
    assert completion.usage == Usage(4, 1, 5, estimated=True, extra={"service_tier": "standard"})


@BOTH
async def test_refusals_and_reasons_come_through(upstream: Upstream, stream: bool) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        refused = await ask(provider, upstream_call("refusal", stream=stream))
        paused = await ask(provider, upstream_call("finish-pause_turn", stream=stream))
        full = await ask(provider, upstream_call("finish-model_context_window_exceeded", stream=stream))
        stopped = await ask(provider, upstream_call("stopped-at-END", stream=stream))
    assert refused.choices[0].refusal == "I cannot help with that."
    ends = [(c.choices[0].finish_reason, c.choices[0].native_finish_reason) for c in (refused, paused, full, stopped)]
    assert ends == [
        ("content_filter", "refusal"),
        ("stop", "pause_turn"),
        ("length", "model_context_window_exceeded"),
        ("stop", "stop_sequence"),
    ]
    assert stopped.extra == {"stop_sequence": "END"}


@BOTH
async def test_several_calls_at_once_keep_their_places(upstream: Upstream, stream: bool) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        completion = await ask(provider, upstream_call("tools-3", stream=stream))
    calls = completion.choices[0].tool_calls
    assert [(call.id, call.arguments.replace(" ", "")) for call in calls] == [
        (f"call_{place}", '{"city":"Paris"}') for place in range(3)
    ]
    assert completion.choices[0].finish_reason == "tool_calls"


@BOTH
async def test_our_id_the_vendors_key_and_name_go_along(upstream: Upstream, stream: bool) -> None:
    call = upstream_call(OLD, stream=stream, options=Options(max_tokens=7))
    async with anthropic_provider(upstream.base_url, secret="sk-canary", organization="wrkspc_1") as provider:
        await ask(provider, call)
    received = upstream.requests[0]
    assert (received.id, received.path) == (call.id, "/v1/messages")
    assert received.headers["authorization"] == "Bearer sk-canary"
    assert received.headers["anthropic-workspace-id"] == "wrkspc_1"
    assert (received.json["model"], received.json["max_tokens"]) == (OLD, 7)
    assert bool(received.json.get("stream")) is stream


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_end_in_its_version(upstream: Upstream, end: str) -> None:
    async with anthropic_provider(upstream.root_url + end) as provider:
        await ask(provider, upstream_call(OLD))
        await provider.probe()
    assert set(upstream.paths) == {"/v1/messages", "/v1/models"}


@pytest.mark.parametrize(
    ("model", "said", "version", "dropped"),
    [
        (OLD, {}, "2023-06-01", []),
        ("kimi-k2", {}, "2023-06-01", []),
        (NEW, {}, "2026-10-21", ["temperature", "top_k"]),
        (OLD, {"anthropic-version": "2026-10-21"}, "2023-06-01", []),
    ],
)
async def test_the_model_says_by_which_version_it_is_asked(
    upstream: Upstream, model: str, said: dict[str, str], version: str, dropped: list[str]
) -> None:
    """A version that came with another dialect is none of ours to send."""
    call = upstream_call(model, options=Options(temperature=0.5, top_k=3), headers=said)
    async with anthropic_provider(upstream.base_url) as provider:
        await ask(provider, call)
    assert upstream.requests[0].headers["anthropic-version"] == version
    assert call.dropped == dropped


async def test_a_clients_own_version_and_betas_go_on_as_they_are(upstream: Upstream) -> None:
    said = {"anthropic-version": "2026-10-21", "anthropic-beta": "a-2026-01-01,b-2026-02-02"}
    async with anthropic_provider(upstream.base_url) as provider:
        await ask(provider, upstream_call(OLD, dialect="anthropic", headers=said))
    assert {name: upstream.requests[0].headers.get(name) for name in said} == said


@pytest.mark.parametrize(("model", "bound"), [(None, 4096), (ModelSpec(1, "m", max_output_tokens=900), 900)])
async def test_an_answer_without_a_bound_gets_the_models(
    upstream: Upstream, model: ModelSpec | None, bound: int
) -> None:
    call = upstream_call(OLD)
    call.model = model
    async with anthropic_provider(upstream.base_url) as provider:
        await ask(provider, call)
    assert upstream.requests[0].json["max_tokens"] == bound


async def test_the_vendors_key_is_in_no_message(upstream: Upstream) -> None:
    secret = "sk-ant-canary-0123456789abcdefghijklmnop"
    async with anthropic_provider(upstream.base_url, secret=secret) as provider:
        raised = await failure(provider, upstream_call("status-401-echo-key"))
    assert "canary" not in raised.message


async def test_retry_after_is_read(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        assert (await failure(provider, upstream_call("status-429+retry-after-2"))).retry_after == 2.0
        assert not (await failure(provider, upstream_call("status-529+should-retry-false"))).retryable


async def test_nobody_listening_is_unreachable() -> None:
    async with anthropic_provider("http://127.0.0.1:9") as provider:
        assert isinstance(await failure(provider, upstream_call(OLD)), ProviderUnreachable)


@pytest.mark.parametrize(
    ("name", "waits", "said"),
    [
        ("stall-first", {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
        ("gate+after-0", {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
        ("stall-mid", {"chunk_timeout": 0.1}, "stood still for 0.1 s"),
    ],
)
async def test_a_block_that_has_said_nothing_is_no_content(
    upstream: Upstream, name: str, waits: dict[str, Any], said: str
) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=True, **waits))
    assert isinstance(raised, ProviderTimeout)
    assert said in raised.message


async def test_leaving_a_stream_closes_its_socket(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        async with aclosing(provider.stream(upstream_call("gate", stream=True))) as batches:
            async for events in batches:
                if any(isinstance(event, TextDelta) for event in events):
                    break
        await upstream.until(lambda: upstream.aborts == 1 and upstream.open_sockets == 0)


@BOTH
async def test_a_finished_answer_leaves_its_connection_for_the_next(upstream: Upstream, stream: bool) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        for _ in range(5):
            await ask(provider, upstream_call(OLD, stream=stream))
        assert upstream.open_sockets == 1


async def test_the_environment_of_the_process_says_nothing(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-environment")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-environment")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-environment: yes\nanthropic-version: environment")
    async with anthropic_provider(upstream.base_url) as provider:
        await ask(provider, upstream_call(OLD))
    assert "environment" not in repr(upstream.requests[0].headers)
    assert AnthropicProvider(ProviderSpec(id=1, name="a", kind="anthropic"))._messages.host == "api.anthropic.com"


async def test_a_probe_names_the_models_and_what_is_left(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        probe = await provider.probe()
    assert "claude-opus-5-5" in probe.models
    assert probe.requests
    assert (probe.requests.limit, probe.requests.remaining) == (4000, 3999)
    assert 0 < (probe.requests.reset or 0) <= 31


async def test_a_probe_proves_the_credentials(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url, secret="sk-play-status-401") as provider:
        with pytest.raises(ProviderAuth):
            await provider.probe()


async def test_the_vendor_counts_what_it_would_be_asked(upstream: Upstream) -> None:
    body: JsonObject = {"model": "public", "max_tokens": 5, "messages": [{"role": "user", "content": "one two three"}]}
    asked = dialect.parse_request(body)
    composed = Request([Message("system", [Text("Be brief")]), Message("user", [Text("one two")])])
    async with anthropic_provider(upstream.base_url) as provider:
        assert await provider.count(asked, NEW) == 3
        assert await provider.count(composed, OLD) == 4
    assert upstream.requests[0].json == {"model": NEW, "messages": body["messages"]}
    assert upstream.requests[0].path == "/v1/messages/count_tokens"


async def test_a_count_that_fails_is_an_error(upstream: Upstream) -> None:
    async with anthropic_provider(upstream.base_url) as provider:
        with pytest.raises(ProviderOverloaded):
            await provider.count(Request([Message("user", [Text("a")])]), "status-529")
