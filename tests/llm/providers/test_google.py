"""Google's Gemini API the way its official SDK takes, against a vendor that fails as its model's name says."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest
from google import genai

from llm.dialects.signatures import unsign
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
    ProviderUnsupported,
)
from llm.providers.google import GoogleProvider
from llm.registry import ProviderSpec
from llm.types import Finished, Image, Message, Options, Reasoning, Request, Text, TextDelta, Tool, ToolCall
from tests.llm.providers.asking import ask, events_of, failure, google_provider, upstream_call
from tests.upstream import Upstream

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])

FAULTS: list[tuple[str, type[ProviderError]]] = [
    ("status-400", ProviderRefused),
    ("status-401", ProviderAuth),
    ("status-403", ProviderAuth),
    ("bad-key", ProviderAuth),
    ("status-404", ProviderModelMissing),
    ("status-408", ProviderTimeout),
    ("status-413", ProviderRefused),
    ("status-429", ProviderRateLimited),
    ("retry-info-34s", ProviderRateLimited),
    ("status-500", ProviderBroken),
    ("status-502", ProviderBroken),
    ("status-503", ProviderOverloaded),
    ("status-504", ProviderTimeout),
    ("status-429+in-a-list", ProviderRateLimited),
    ("bad-key+in-a-list", ProviderAuth),
    ("status-500+plain-text", ProviderBroken),
    ("status-500+no-body", ProviderBroken),
    ("html-502", ProviderBroken),
    ("html-200", ProviderBroken),
    ("redirect-302", ProviderBroken),
    ("context-length", ProviderContextTooLong),
    ("content-filter", ProviderContentFilter),
    ("error-200", ProviderBroken),
    ("bad-json", ProviderBroken),
    ("error-frame", ProviderBroken),
    ("reset-first", ProviderBroken),
    ("reset-mid", ProviderBroken),
    ("fin-first", ProviderBroken),
    ("fin-mid", ProviderBroken),
    ("cut", ProviderBroken),
]


@BOTH
@pytest.mark.parametrize(("name", "error"), FAULTS, ids=[name for name, _ in FAULTS])
async def test_each_fault_has_its_error(
    upstream: Upstream, name: str, error: type[ProviderError], stream: bool
) -> None:
    async with google_provider(upstream.root_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=stream))
    assert isinstance(raised, error), repr(raised)
    assert upstream.served == 1


NONE = pytest.mark.parametrize("name", ["no-candidates", "early-end", "empty-200", "empty-object"])


@NONE
async def test_a_stream_without_its_end_has_no_finish(upstream: Upstream, name: str) -> None:
    """Whether that is a failure is the router's to judge, which knows what was begun."""
    async with google_provider(upstream.root_url) as provider:
        events = await events_of(provider, upstream_call(name, stream=True))
    assert not any(isinstance(event, Finished) for event in events)


@NONE
async def test_a_whole_answer_that_is_none_is_broken(upstream: Upstream, name: str) -> None:
    async with google_provider(upstream.root_url) as provider:
        assert isinstance(await failure(provider, upstream_call(name)), ProviderBroken)


LAYOUTS = [
    "crlf",
    "comments",
    "names",
    "multiline",
    "no-space",
    "foreign+utf8-split",
    "one-write",
    "no-blank-line",
    "until-close",
    "drip",
    "in-a-list",
    "code",
]


@BOTH
@pytest.mark.parametrize("name", LAYOUTS)
async def test_however_it_is_laid_out_the_answer_is_the_same(upstream: Upstream, name: str, stream: bool) -> None:
    async with google_provider(upstream.root_url) as provider:
        completion = await ask(provider, upstream_call(name, stream=stream))
        plain = await ask(provider, upstream_call("foreign" if "foreign" in name else "gemini-2.5-flash"))
    assert completion.choices[0].text == plain.choices[0].text != ""
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage == plain.usage


class TestTheWay:
    """How a request gets there: the SDK's own way, told by the row and by nothing else."""

    @BOTH
    async def test_it_is_the_one_that_the_sdk_takes_itself(self, upstream: Upstream, stream: bool) -> None:
        options = genai.types.HttpOptions(base_url=upstream.root_url)
        models = genai.Client(api_key="AIza-v", http_options=options).aio.models
        if stream:
            async for _ in await models.generate_content_stream(model="gemini-2.5-flash", contents="one two three"):
                pass
        else:
            await models.generate_content(model="gemini-2.5-flash", contents="one two three")
        async with google_provider(upstream.root_url) as provider:
            await ask(provider, upstream_call("gemini-2.5-flash", stream=stream))

        theirs, ours = upstream.requests
        assert (ours.method, ours.path) == (theirs.method, theirs.path)
        assert ours.headers.pop("x-client-request-id").startswith("gen_")
        assert _without_lengths(ours.headers) == _without_lengths(theirs.headers)
        assert ours.json == theirs.json

    async def test_questions_beside_take_it_too(self, upstream: Upstream) -> None:
        options = genai.types.HttpOptions(base_url=upstream.root_url)
        models = genai.Client(api_key="AIza-v", http_options=options).aio.models
        await models.list(config={"page_size": 1000})
        async with google_provider(upstream.root_url) as provider:
            assert "gemini-2.5-flash" in (await provider.probe()).models

        theirs, ours = upstream.requests
        assert (ours.method, ours.path) == (theirs.method, theirs.path)
        assert _without_lengths(ours.headers) == _without_lengths(theirs.headers)

    @pytest.mark.parametrize(
        ("address", "way"),
        [
            ("", "/v1/models/x"),
            ("/", "/v1/models/x"),
            ("/v1", "/v1/models/x"),
            ("/v1beta/", "/v1beta/models/x"),
            ("/v1alpha", "/v1alpha/models/x"),
            ("/proxy", "/proxy/v1/models/x"),
            ("/proxy/v1beta", "/proxy/v1beta/models/x"),
        ],
    )
    async def test_a_version_in_the_address_wins(self, upstream: Upstream, address: str, way: str) -> None:
        async with google_provider(upstream.root_url + address) as provider:
            await ask(provider, upstream_call("x", stream=True))
        assert upstream.requests[0].path == f"{way}:streamGenerateContent?alt=sse"

    @pytest.mark.parametrize(
        ("model", "path"),
        [
            ("gemini-2.5-flash", "models/gemini-2.5-flash"),
            ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
            ("tunedModels/mine", "tunedModels/mine"),
            ("publishers/google/models/x", "publishers/google/models/x"),
            ("a b?c#d%e", "models/a%20b%3Fc%23d%25e"),
            ("grün", "models/gr%C3%BCn"),
        ],
    )
    async def test_every_kind_of_name(self, upstream: Upstream, model: str, path: str) -> None:
        async with google_provider(upstream.root_url) as provider:
            await ask(provider, upstream_call(model))
        assert upstream.requests[0].path == f"/v1/{path}:generateContent"
        assert upstream.requests[0].model == model.rpartition("/")[2]

    def test_without_an_address_it_leads_to_google(self) -> None:
        provider = GoogleProvider(ProviderSpec(id=1, name="g", kind="google"))
        assert provider._root == "https://generativelanguage.googleapis.com/v1/"

    async def test_the_environment_of_the_process_says_nothing(
        self, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "GOOGLE_API_KEY": "environment",
            "GEMINI_API_KEY": "environment",
            "GOOGLE_GENAI_USE_VERTEXAI": "true",
            "GOOGLE_GENAI_USE_ENTERPRISE": "true",
            "GOOGLE_GENAI_API_VERSION": "environment",
            "GOOGLE_GENAI_CLIENT_MODE": "replay",
            "GOOGLE_GENAI_REPLAYS_DIRECTORY": "/environment",
            "GOOGLE_GENAI_HTTP_CLIENT": "auto",
            "GOOGLE_CLOUD_PROJECT": "environment",
            "GOOGLE_CLOUD_LOCATION": "environment",
            "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9/environment",
            "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:9/environment",
        }.items():
            monkeypatch.setenv(name, value)
        async with google_provider(upstream.root_url, secret="") as provider:
            await ask(provider, upstream_call("gemini-2.5-flash"))
        received = upstream.requests[0]
        assert "environment" not in received.path + repr(received.headers)
        assert received.key == "none"
        self.test_without_an_address_it_leads_to_google()


def _without_lengths(headers: dict[str, str]) -> dict[str, str]:
    """Two ways to write the same JSON differ in their white space."""
    return {name: value for name, value in headers.items() if name != "content-length"}


async def test_the_prompt_is_counted_with_what_goes_along(upstream: Upstream) -> None:
    request = Request(
        [Message("system", [Text("Be terse.")]), Message("user", [Text("one two three")])],
        options=Options(tools=[Tool("f")]),
    )
    async with google_provider(upstream.root_url) as provider:
        assert await provider.count(request, "gemini-2.5-flash") == 5
    assert upstream.requests[0].path == "/v1/models/gemini-2.5-flash:countTokens"


async def test_a_count_that_is_none_is_broken(upstream: Upstream) -> None:
    async with google_provider(upstream.root_url) as provider:
        with pytest.raises(ProviderBroken):
            await provider.count(Request([Message("user", [Text("a")])]), "empty-object")


async def test_what_google_cannot_take_is_not_sent(upstream: Upstream) -> None:
    call = upstream_call("gemini-2.5-flash")
    call.request.messages[0].parts.append(Image("http://a.example/cat.png"))
    async with google_provider(upstream.root_url) as provider:
        with pytest.raises(ProviderUnsupported):
            await ask(provider, call)
    assert upstream.served == 0


async def test_what_it_will_not_be_told_is_named(upstream: Upstream) -> None:
    call = upstream_call("gemini-2.5-flash", options=Options(n=2, seed=2**40))
    async with google_provider(upstream.root_url) as provider:
        completion = await ask(provider, call)
    assert call.dropped == ["seed", "n"]
    assert len(completion.choices) == 1


@pytest.mark.parametrize("secret", ["AIzaSyCanary0123456789abcdefghijklmnopqrstu", "hunter22hunter22"])
async def test_the_vendors_key_is_in_no_message(upstream: Upstream, secret: str) -> None:
    async with google_provider(upstream.root_url, secret=secret) as provider:
        raised = await failure(provider, upstream_call("status-400-echo-key"))
    assert upstream.requests[0].key == secret
    assert secret not in raised.message
    assert "Canary" not in raised.message


async def test_a_pause_is_read_from_the_header_or_the_error(upstream: Upstream) -> None:
    async with google_provider(upstream.root_url) as provider:
        header = await failure(provider, upstream_call("status-429+retry-after-2"))
        inside = await failure(provider, upstream_call("retry-info-34.5s"))
    assert (header.retry_after, inside.retry_after) == (2.0, 34.5)


async def test_nobody_listening_is_unreachable() -> None:
    async with google_provider("http://127.0.0.1:9") as provider:
        raised = await failure(provider, upstream_call("gemini-2.5-flash"))
    assert isinstance(raised, ProviderUnreachable)


@pytest.mark.parametrize(
    ("name", "stream", "waits", "said"),
    [
        ("stall-first", True, {"first_token_timeout": 0.1}, "sent nothing within 0.1 s"),
        ("stall-mid", True, {"chunk_timeout": 0.1}, "stood still for 0.1 s"),
        ("stall-first", False, {"timeout": 0.1}, "did not finish within 0.1 s"),
    ],
)
async def test_each_wait_has_its_own_end(
    upstream: Upstream, name: str, stream: bool, waits: dict[str, Any], said: str
) -> None:
    async with google_provider(upstream.root_url) as provider:
        raised = await failure(provider, upstream_call(name, stream=stream, **waits))
        await upstream.until(lambda: upstream.open_sockets == 0)
    assert isinstance(raised, ProviderTimeout)
    assert said in raised.message


async def test_leaving_a_stream_closes_its_socket(upstream: Upstream) -> None:
    async with google_provider(upstream.root_url) as provider:
        async with aclosing(provider.stream(upstream_call("gate", stream=True))) as batches:
            async for events in batches:
                if any(isinstance(event, TextDelta) for event in events):
                    break
        await upstream.until(lambda: upstream.aborts == 1 and upstream.open_sockets == 0)


@BOTH
async def test_a_finished_answer_leaves_its_connection_for_the_next(upstream: Upstream, stream: bool) -> None:
    async with google_provider(upstream.root_url) as provider:
        for _ in range(5):
            await ask(provider, upstream_call("gemini-2.5-flash", stream=stream))
        assert upstream.open_sockets == 1


@BOTH
async def test_calls_reasoning_and_reasons_come_through(upstream: Upstream, stream: bool) -> None:
    async with google_provider(upstream.root_url) as provider:
        called = await ask(provider, upstream_call("tools-3", stream=stream))
        thought = await ask(provider, upstream_call("reasoning", stream=stream))
        cut = await ask(provider, upstream_call("no-parts+finish-length", stream=stream))
        filtered = await ask(provider, upstream_call("finish-content_filter", stream=stream))
        blocked = await ask(provider, upstream_call("blocked-PROHIBITED_CONTENT", stream=stream))
        malformed = await ask(provider, upstream_call("bad-arguments", stream=stream))
    assert len({call.id for call in called.choices[0].tool_calls}) == 3
    assert called.choices[0].finish_reason == "tool_calls"
    assert (thought.choices[0].reasoning, thought.choices[0].text) == ("Let me think.", "one two three")
    assert thought.usage
    assert (thought.usage.reasoning_tokens, thought.usage.completion_tokens) == (3, 6)
    assert (cut.choices[0].text, cut.choices[0].finish_reason) == ("", "length")
    assert filtered.choices[0].finish_reason == blocked.choices[0].finish_reason == "content_filter"
    assert blocked.choices[0].native_finish_reason == "blockReason:PROHIBITED_CONTENT"
    assert (malformed.choices[0].tool_calls, malformed.choices[0].finish_reason) == ([], "stop")


@BOTH
async def test_every_token_is_counted_once(upstream: Upstream, stream: bool) -> None:
    async with google_provider(upstream.root_url) as provider:
        cached = await ask(provider, upstream_call("cached+tool-use-7", stream=stream))
        silent = await ask(provider, upstream_call("uncounted", stream=stream))
    assert cached.usage
    assert (cached.usage.prompt_tokens, cached.usage.cached_tokens, cached.usage.total_tokens) == (10, 1, 13)
    assert silent.usage is None


@BOTH
@pytest.mark.parametrize("model", ["tools-2+signed", "gemini-3-flash-preview+tools-2+signed"])
async def test_signatures_come_back_and_are_taken(upstream: Upstream, model: str, stream: bool) -> None:
    call = upstream_call(model, stream=stream)
    async with google_provider(upstream.root_url) as provider:
        calls = (await ask(provider, call)).choices[0].tool_calls
        results = [Message("tool", [Text("21")], tool_call_id=made.id) for made in calls]
        call.request.messages += [Message("assistant", [*calls]), *results]
        await ask(provider, call)
    sent = upstream.requests[1].json["contents"][1]["parts"]
    assert [bool(unsign(made.id)[1]) for made in calls] == [True, False]
    assert ["thoughtSignature" in part for part in sent] == [True, False]


@BOTH
async def test_the_signature_of_a_text_comes_back_too(upstream: Upstream, stream: bool) -> None:
    call = upstream_call("signed", stream=stream)
    async with google_provider(upstream.root_url) as provider:
        choice = (await ask(provider, call)).choices[0]
        turn = Message("assistant", [Reasoning("", choice.reasoning_signature), Text(choice.text)])
        call.request.messages += [turn, Message("user", [Text("Go on")])]
        await ask(provider, call)
    assert upstream.requests[1].json["contents"][1]["parts"][0]["thoughtSignature"]


async def test_a_signature_that_was_tampered_with_is_refused_by_the_vendor(upstream: Upstream) -> None:
    call = upstream_call("tool+signed")
    async with google_provider(upstream.root_url) as provider:
        (made,) = (await ask(provider, call)).choices[0].tool_calls
        made.arguments = '{"city": "Rome"}'
        result = Message("tool", [Text("21")], tool_call_id=made.id)
        call.request.messages += [Message("assistant", [made]), result]
        raised = await failure(provider, call)
    assert "Corrupted thought signature" in raised.message


async def test_calls_that_another_vendor_made_are_taken_by_a_model_that_wants_them_signed(upstream: Upstream) -> None:
    call = upstream_call("gemini-3-flash-preview")
    made = ToolCall("call_1", "f", "{}")
    call.request.messages += [Message("assistant", [made]), Message("tool", [Text("21")], tool_call_id="call_1")]
    async with google_provider(upstream.root_url) as provider:
        assert (await ask(provider, call)).choices[0].text == "one two three"


async def test_a_probe_proves_the_credentials(upstream: Upstream) -> None:
    async with google_provider(upstream.root_url, secret="sk-play-bad-key") as provider:
        with pytest.raises(ProviderAuth):
            await provider.probe()
