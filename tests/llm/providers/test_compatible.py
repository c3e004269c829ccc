"""Each vendor with an accent is asked in its own words: it refuses ours, and takes what its row makes of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from config.env import ROOT
from llm.dialects.openai import OPENAI, Profile, parse_request
from llm.errors import ProviderAuth, ProviderOffLimits, ProviderRefused
from llm.models.providers import Kind
from llm.providers.base import UpstreamCall
from llm.providers.compatible import COMPATIBLE
from llm.providers.openai import OpenAIProvider
from llm.registry import ProviderSpec
from tests.llm.providers.asking import ask, failure, upstream_call
from tests.upstream import Upstream
from tests.upstream.shapes.accents import ACCENTS

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
CALL = {"id": "call_0123456789", "type": "function", "function": {"name": "f", "arguments": "{}"}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "developer", "content": [{"type": "text", "text": "Be terse."}, {"type": "text", "text": "Be kind."}]},
    {"role": "user", "name": "ada", "content": "Where?"},
    {"role": "assistant", "content": "Let me see.", "reasoning_content": "Hm."},
    {"role": "user", "content": "Do."},
    {"role": "assistant", "content": None, "reasoning_content": "A call.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": CALL["id"], "content": "Here."},
    {"role": "user", "content": "one two three"},
]
FIELDS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "max_completion_tokens": 50,
    "seed": 7,
    "n": 1,
    "stop": ["END"],
    "user": "u-1",
    "logit_bias": {"1": 1},
    "logprobs": True,
    "top_logprobs": 1,
    "parallel_tool_calls": True,
    "tools": [FUNCTION],
    "tool_choice": "auto",
}

PROBLEMS: list[tuple[str, dict[str, Any], str]] = [
    ("groq", {"logprobs": True}, "logprobs"),
    ("groq", {"messages": [MESSAGES[1]]}, "messages[0].name"),
    ("cohere", {"user": "u-1"}, "user"),
    ("cohere", {"n": 1}, "n"),
    ("deepseek", {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}, "response"),
    ("mistral", {"logit_bias": {}}, "logit_bias"),
    ("mistral", {"messages": MESSAGES[1:2]}, "messages[0].name"),
]
"""What a vendor refuses, and the beginning of what its row drops for it."""


HOSTS = {
    "openai": "api.openai.com",
    "groq": "api.groq.com",
    "openrouter": "openrouter.ai",
    "cohere": "api.cohere.ai",
    "deepseek": "api.deepseek.com",
    "mistral": "api.mistral.ai",
    "ollama": "127.0.0.1",
}


@asynccontextmanager
async def vendor(upstream: Upstream, kind: str, profile: Profile, **fields: Any) -> AsyncIterator[OpenAIProvider]:
    spec = ProviderSpec(id=1, name=kind, kind=kind, base_url=f"{upstream.root_url}/{kind}/v1", **fields)
    provider = OpenAIProvider(spec, profile)
    try:
        yield provider
    finally:
        await provider.close()


def asked(stream: bool = False, **fields: Any) -> UpstreamCall:
    call = upstream_call("gpt-4o-mini", stream=stream)
    call.request = parse_request({"messages": MESSAGES[-1:], "stream": stream, **fields})
    call.max_tokens = call.request.options.max_tokens
    return call


def test_every_vendor_that_speaks_the_dialect_has_a_row() -> None:
    of_their_own = {"openai", "anthropic", "google", "echo"}
    assert set(COMPATIBLE) == {str(kind) for kind in Kind.values} - of_their_own
    assert set(ACCENTS) == set(COMPATIBLE) - {"compatible"}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("kind", COMPATIBLE)
async def test_a_vendor_takes_all_that_its_row_makes_of_a_request(upstream: Upstream, kind: str, stream: bool) -> None:
    async with vendor(upstream, kind, COMPATIBLE[kind]) as provider:
        completion = await ask(provider, asked(stream, **FIELDS, messages=MESSAGES))
    assert completion.choices[0].text == "one two three"


@pytest.mark.parametrize("kind", sorted(ACCENTS.keys() - {"openrouter"}))
async def test_a_vendor_with_an_accent_refuses_openais_words(upstream: Upstream, kind: str) -> None:
    async with vendor(upstream, kind, OPENAI) as provider:
        assert isinstance(await failure(provider, asked(**FIELDS, messages=MESSAGES)), ProviderRefused)


@pytest.mark.parametrize(("kind", "fields", "lost"), PROBLEMS)
async def test_what_a_vendor_refuses_is_dropped_by_name(
    upstream: Upstream, kind: str, fields: dict[str, Any], lost: str
) -> None:
    async with vendor(upstream, kind, Profile()) as plain, vendor(upstream, kind, COMPATIBLE[kind]) as provider:
        refusal = await failure(plain, asked(**fields))
        call = asked(**fields)
        assert (await ask(provider, call)).choices[0].text
    assert isinstance(refusal, ProviderRefused)
    assert "not supported" in refusal.message or "unavailable" in refusal.message
    assert [name for name in call.dropped if name.startswith(lost)]


async def test_nobody_names_a_model_past_the_gateway(upstream: Upstream) -> None:
    async with vendor(upstream, "openrouter", COMPATIBLE["openrouter"]) as provider:
        call = asked(models=["openai/dearest"], route="fallback", provider={"sort": "price"})
        await ask(provider, call)
    sent = upstream.requests[-1].json
    assert (sent["model"], sent["provider"]) == (call.route.upstream_model, {"sort": "price"})
    assert not sent.keys() & {"models", "route"}
    assert set(call.dropped) == {"models", "route"}


async def test_a_vendor_that_cannot_be_told_to_call_no_tool_is_shown_none(upstream: Upstream) -> None:
    async with vendor(upstream, "ollama", COMPATIBLE["ollama"]) as provider:
        await ask(provider, asked(tools=[FUNCTION], tool_choice="none"))
    sent = upstream.requests[-1].json
    assert "tools" not in sent
    assert "tool_choice" not in sent


async def test_the_ids_of_calls_fit_the_vendor_and_each_other(upstream: Upstream) -> None:
    async with vendor(upstream, "mistral", COMPATIBLE["mistral"]) as provider:
        await ask(provider, asked(messages=MESSAGES))
    turns = upstream.requests[-1].json["messages"]
    called, answered = turns[4]["tool_calls"][0]["id"], turns[5]["tool_call_id"]
    assert called == answered
    assert len(called) == 9


async def test_an_id_that_fits_stays(upstream: Upstream) -> None:
    call = {**CALL, "id": "D681PevKs"}
    turns = [MESSAGES[1], {"role": "assistant", "tool_calls": [call]}, {**MESSAGES[5], "tool_call_id": "D681PevKs"}]
    async with vendor(upstream, "mistral", COMPATIBLE["mistral"]) as provider:
        await ask(provider, asked(messages=turns))
    assert upstream.requests[-1].json["messages"][2]["tool_call_id"] == "D681PevKs"


async def test_a_vendor_that_wants_the_thought_behind_a_call_is_told_so_where_the_client_kept_none(
    upstream: Upstream,
) -> None:
    turns = [MESSAGES[1], {"role": "assistant", "tool_calls": [CALL]}, MESSAGES[5]]
    async with vendor(upstream, "deepseek", COMPATIBLE["deepseek"]) as provider:
        await ask(provider, asked(messages=turns))
    assert upstream.requests[-1].json["messages"][1]["reasoning_content"] == ""


async def test_a_schema_that_a_vendor_cannot_take_is_told_in_words_and_json_asked_for(upstream: Upstream) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    async with vendor(upstream, "deepseek", COMPATIBLE["deepseek"]) as provider:
        call = asked(response_format=form)
        await ask(provider, call)
    sent = upstream.requests[-1].json
    assert sent["response_format"] == {"type": "json_object"}
    told, *asked_for = sent["messages"]
    assert (told["role"], len(asked_for)) == ("system", 1)
    assert told["content"].endswith(orjson.dumps(SCHEMA).decode())
    assert call.dropped == ["response_format.json_schema"]


async def test_parts_of_text_alone_become_one_string_and_pictures_stay(upstream: Upstream) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}
    text = {"type": "text", "text": "What is this?"}
    async with vendor(upstream, "groq", COMPATIBLE["groq"]) as provider:
        await ask(provider, asked(messages=[MESSAGES[0], {"role": "user", "content": [text, picture]}]))
    first, second = upstream.requests[-1].json["messages"]
    assert first == {"role": "system", "content": "Be terse.\nBe kind."}
    assert second["content"] == [text, picture]


@pytest.mark.parametrize(("kind", "host"), HOSTS.items())
def test_without_an_address_each_kind_goes_to_its_own_vendor(kind: str, host: str) -> None:
    """A vendor's key must never reach another one."""
    provider = OpenAIProvider(ProviderSpec(id=1, name=kind, kind=kind, secret="sk-v"), COMPATIBLE.get(kind, OPENAI))
    assert {provider._completions.host, provider._models.host} == {host}
    assert not COMPATIBLE.keys() - HOSTS.keys() - {"compatible"}


def test_a_vendor_without_an_address_of_its_own_needs_one() -> None:
    with pytest.raises(ProviderOffLimits, match="no address"):
        OpenAIProvider(ProviderSpec(id=1, name="mine", kind="compatible", secret="sk-v"), COMPATIBLE["compatible"])


@pytest.mark.parametrize("kind", COMPATIBLE)
async def test_a_probe_proves_the_key(upstream: Upstream, kind: str) -> None:
    async with vendor(upstream, kind, COMPATIBLE[kind], secret="sk-play-status-401") as provider:
        with pytest.raises(ProviderAuth):
            await provider.probe()
    async with vendor(upstream, kind, COMPATIBLE[kind], secret="sk-v") as provider:
        assert "gpt-4o-mini" in (await provider.probe()).models


def test_coheres_models_are_listed_beside_the_compatible_api() -> None:
    provider = OpenAIProvider(ProviderSpec(id=1, name="cohere", kind="cohere"), COMPATIBLE["cohere"])
    assert str(provider._models) == "https://api.cohere.ai/v1/models"


@pytest.mark.parametrize("kind", COMPATIBLE)
async def test_a_stream_tells_its_usage_asked_or_unasked(upstream: Upstream, kind: str) -> None:
    async with vendor(upstream, kind, COMPATIBLE[kind]) as provider:
        usage = (await ask(provider, asked(stream=True))).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 3)
    assert ("stream_options" in upstream.requests[-1].json) == COMPATIBLE[kind].stream_options


@pytest.mark.parametrize(("kind", "profile"), COMPATIBLE.items())
def test_the_reference_tells_what_each_row_holds(kind: str, profile: Profile) -> None:
    page = (ROOT / "docs/reference/registry.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{kind}` | ") and line.count("|") == 5)
    _, _, address, refused, otherwise, _ = row.split("|")
    unsaid = set() if profile.stream_options else {"stream_options"}
    unnamed = set() if profile.names else {"name"}
    assert address.strip() == (f"`{profile.base_url}`" if profile.base_url else "required")
    assert set(re.findall("`([a-z_]+)`", refused)) == profile.refused | unsaid | unnamed
    assert ("texts as one string" in otherwise) != profile.text_parts
    assert all(f"`{word}`" in otherwise for word in profile.renamed.values())
