"""The fake vendor keeps its promises: what it says, and what it says instead."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.upstream import Upstream
from tests.upstream.asking import deltas, events, post, question


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=upstream.base_url, api_key="sk-test-key", max_retries=0) as sdk:
        yield sdk


def test_an_ordinary_model_echoes_with_usage(upstream: Upstream) -> None:
    answer = post(upstream, "gpt-4o-mini").json()

    assert answer["choices"][0]["message"]["content"] == "Say it again"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 3
    assert answer["usage"]["completion_tokens"] == 3
    assert answer["usage"]["total_tokens"] == 6
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    assert (answer["system_fingerprint"], answer["service_tier"]) == ("fp_upstream", "default")


def test_a_stream_says_one_word_a_chunk_and_usage_only_when_asked(upstream: Upstream) -> None:
    silent = events(post(upstream, "gpt-4o-mini", stream=True))
    asked = events(post(upstream, "gpt-4o-mini", stream=True, stream_options={"include_usage": True}))

    said = [event["choices"][0]["delta"] for event in silent[:-1]]
    assert said == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "Say"},
        {"content": " it"},
        {"content": " again"},
        {},
    ]
    assert silent[-1] == asked[-1] == "[DONE]"
    assert asked[-2]["choices"] == []
    assert asked[-2]["usage"]["total_tokens"] == 6
    assert all(event["usage"] is None for event in asked[:-2])
    assert not any("usage" in event for event in silent[:-1])


async def test_the_sdk_takes_every_answer(client: AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(**question("reasoning+cached"))
    async with client.chat.completions.stream(**question("text-and-tool")) as stream:
        final = await stream.get_final_completion()

    assert plain.choices[0].message.model_extra == {"reasoning_content": "Let me think."}
    assert plain.usage is not None
    assert plain.usage.completion_tokens == 6
    assert plain.usage.completion_tokens_details is not None
    assert plain.usage.completion_tokens_details.reasoning_tokens == 3
    assert plain.usage.prompt_tokens_details is not None
    assert plain.usage.prompt_tokens_details.cached_tokens == 1
    assert final.choices[0].message.content == "Say it again"
    assert final.choices[0].finish_reason == "tool_calls"
    assert (await client.models.list()).data[0].id == "gpt-4o-mini"


async def test_tools_are_called_side_by_side_with_arguments_after_their_schema(client: AsyncOpenAI) -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}}}
    tools = [{"type": "function", "function": {"name": name, "parameters": schema}} for name in ("sun", "rain")]
    async with client.chat.completions.stream(**question("tools-3", tools=tools)) as stream:
        calls = (await stream.get_final_completion()).choices[0].message.tool_calls or []

    assert [call.function.name for call in calls] == ["sun", "rain", "sun"]
    assert all(json.loads(call.function.arguments) == {"days": 1, "unit": "C"} for call in calls)


def test_functions_of_old_are_answered_with_a_function_call(upstream: Upstream) -> None:
    plain = post(upstream, "tool", functions=[{"name": "f"}]).json()["choices"][0]
    streamed = deltas(post(upstream, "tool", functions=[{"name": "f"}], stream=True))

    assert plain["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert plain["finish_reason"] == "function_call"
    assert streamed[1:3] == [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}]


def test_a_demanded_call_is_made_by_any_model(upstream: Upstream) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("sun", "rain")]
    choice = {"type": "function", "function": {"name": "rain"}}
    message = post(upstream, "gpt-4o", tools=tools, tool_choice=choice).json()["choices"][0]["message"]

    assert (message["content"], message["tool_calls"][0]["function"]["name"]) == (None, "rain")


def test_json_is_answered_after_the_schema(upstream: Upstream) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "tags": {"type": "array"}}}
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer = post(upstream, "gpt-4o", response_format=shape).json()

    assert json.loads(answer["choices"][0]["message"]["content"]) == {"name": "text", "tags": ["text"]}


def test_choices_take_turns(upstream: Upstream) -> None:
    said = [event["choices"][0] for event in events(post(upstream, "gpt-4o", n=2, stream=True))[:-1]]

    assert [choice["index"] for choice in said] == [0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1]
    assert "".join(choice["delta"].get("content", "") for choice in said if choice["index"]) == "Say it again #1"


def test_logprobs_come_when_asked(upstream: Upstream) -> None:
    choice = post(upstream, "gpt-4o", logprobs=True, top_logprobs=2).json()["choices"][0]

    assert [token["token"] for token in choice["logprobs"]["content"]] == ["Say", " it", " again"]
    assert len(choice["logprobs"]["content"][0]["top_logprobs"]) == 2


def test_max_tokens_cuts_the_answer(upstream: Upstream) -> None:
    choice = post(upstream, "words-50", max_tokens=2).json()["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == ("word1 word2", "length")


@pytest.mark.parametrize("reason", ["length", "content_filter", "invented"])
def test_any_finish_reason_can_be_had(upstream: Upstream, reason: str) -> None:
    assert post(upstream, f"finish-{reason}").json()["choices"][0]["finish_reason"] == reason


def test_a_refusal_is_no_content(upstream: Upstream) -> None:
    message = post(upstream, "refusal").json()["choices"][0]["message"]

    assert (message["content"], message["refusal"]) == (None, "I cannot help with that.")
    assert deltas(post(upstream, "refusal", stream=True))[1] == {"refusal": "I"}


def test_usage_comes_where_vendors_put_it(upstream: Upstream) -> None:
    every = [event["usage"]["completion_tokens"] for event in events(post(upstream, "usage-every", stream=True))[:-1]]
    finish = events(post(upstream, "usage-finish", stream=True, stream_options={"include_usage": True}))
    none = events(post(upstream, "usage-none", stream=True, stream_options={"include_usage": True}))

    assert every == [0, 1, 2, 3, 3]
    assert [event["choices"][0]["finish_reason"] for event in finish[:-1] if event["usage"]] == ["stop"]
    assert all("usage" not in event and event["choices"] for event in none[:-1])
    assert "usage" not in post(upstream, "usage-none").json()


def test_liberties_with_the_shape(upstream: Upstream) -> None:
    def chunks(model: str) -> list[Any]:
        return events(post(upstream, model, stream=True))

    reasons = [event["choices"][0]["finish_reason"] for event in chunks("finish-twice")[:-1]]
    assert reasons[-3:] == [None, "stop", "stop"]
    assert chunks("finish-with-word")[-2]["choices"][0]["delta"] == {"content": " again"}
    assert chunks("finish-with-word")[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks("no-done")[-1]["choices"][0]["finish_reason"] == "stop"
    assert len({event["id"] for event in chunks("changing-ids")[:-1]}) == 5
    assert "index" not in deltas(post(upstream, "tool+no-index", stream=True))[1]["tool_calls"][0]
    assert {d["tool_calls"][0]["index"] for d in deltas(post(upstream, "tools-2+same-index", stream=True))[1:-1]} == {0}
    assert post(upstream, "parts").json()["choices"][0]["message"]["content"][0]["text"] == "Say it again"
    assert deltas(post(upstream, "reasoning+reasoning-field", stream=True))[1] == {"reasoning": "Let"}
    assert "delta" not in chunks("no-message")[0]["choices"][0]
    assert post(upstream, "gpt-4o+dated").json()["model"] == "gpt-4o+dated-2024-07-18"


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("no-space", "data:{"),
        ("names", "event: message\nid: 0\ndata: {"),
        ("comments", ": keep-alive 0\n\ndata: {"),
        ("multiline", "data: {\ndata:  "),
    ],
)
def test_streams_are_written_in_every_lawful_way(upstream: Upstream, word: str, first: str) -> None:
    assert post(upstream, word, stream=True).text.startswith(first)
    crlf = post(upstream, f"{word}+crlf", stream=True).text
    assert crlf.startswith(first.replace("\n", "\r\n"))
    assert "\n" not in crlf.replace("\r\n", "")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("stream", [False, True])
def test_every_status_has_the_vendors_error_body(upstream: Upstream, code: int, stream: bool) -> None:
    answer = post(upstream, f"status-{code}", stream=stream)

    assert answer.status_code == code
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_errors_come_in_other_shapes_too(upstream: Upstream) -> None:
    assert "500" in post(upstream, "status-500+detail").json()["detail"]
    assert "500" in post(upstream, "status-500+error-text").json()["error"]
    assert post(upstream, "status-500+plain-text").headers["content-type"].startswith("text/plain")
    assert post(upstream, "status-500+no-body").content == b""
    assert "<html>" in post(upstream, "html-502").text
    assert post(upstream, "html-200", stream=True).status_code == 200
    assert post(upstream, "context-length").json()["error"]["code"] == "context_length_exceeded"
    assert post(upstream, "quota").json()["error"]["code"] == "insufficient_quota"


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("retry-after-2", "retry-after", "2"),
        ("retry-after-0.5", "retry-after", "0.5"),
        ("retry-after--5", "retry-after", "-5"),
        ("retry-after-ms-1500", "retry-after-ms", "1500"),
        ("retry-after-ten-years", "retry-after", "315360000"),
        ("retry-after-garbage", "retry-after", "soon, perhaps"),
        ("should-retry-false", "x-should-retry", "false"),
    ],
)
def test_retry_after_takes_every_form(upstream: Upstream, word: str, name: str, value: str) -> None:
    assert post(upstream, f"status-429+{word}").headers[name] == value


def test_retry_after_may_be_a_date(upstream: Upstream) -> None:
    ahead = parsedate_to_datetime(post(upstream, "status-503+retry-after-date-90s").headers["retry-after"])
    behind = parsedate_to_datetime(post(upstream, "status-503+retry-after-past").headers["retry-after"])

    assert 85 < ahead.timestamp() - time.time() < 95
    assert behind.timestamp() < time.time()


def test_a_flaky_model_fails_each_call_and_then_recovers(upstream: Upstream) -> None:
    def statuses(identity: str) -> list[int]:
        headers = {"x-client-request-id": identity}
        return [post(upstream, "flaky-2-status-503+retry-after-1", headers).status_code for _ in range(3)]

    assert statuses("gen_1") == [503, 503, 200]
    assert statuses("gen_2") == [503, 503, 200]


def test_a_vendor_may_repeat_the_key(upstream: Upstream) -> None:
    answer = post(upstream, "status-401-echo-key", {"authorization": "Bearer sk-canary"})

    assert "sk-canary" in answer.json()["error"]["message"]


def test_a_redirect_leads_to_another_host_and_is_counted_if_followed(upstream: Upstream) -> None:
    answer = post(upstream, "redirect-302")
    assert (answer.status_code, answer.headers["location"]) == (302, f"http://localhost:{upstream.port}/redirected")
    assert upstream.paths["/redirected"] == 0

    assert httpx2.get(f"{upstream.root_url}/redirected").status_code == 200
    assert upstream.paths["/redirected"] == 1


def test_answers_that_are_none(upstream: Upstream) -> None:
    assert "error" in post(upstream, "error-200").json()
    assert post(upstream, "error-200", stream=True).headers["content-type"] == "application/json"
    assert post(upstream, "empty-200").content == post(upstream, "empty-200", stream=True).content == b""
    assert post(upstream, "empty-object").json() == {}
    assert post(upstream, "empty-choices").json()["choices"] == []
    assert post(upstream, "only-done", stream=True).text == "data: [DONE]\n\n"


def test_bad_json_breaks_off_and_a_stream_goes_on(upstream: Upstream) -> None:
    plain, streamed = post(upstream, "bad-json"), post(upstream, "bad-json", stream=True)

    for broken in (plain.json, lambda: events(streamed)):
        with pytest.raises(json.JSONDecodeError):
            broken()
    assert streamed.text.endswith("data: [DONE]\n\n")


async def test_an_error_frame_comes_after_the_first_word(upstream: Upstream, client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(**question("error-frame"), stream=True)

    assert [(await anext(stream)).choices[0].delta.content for _ in range(2)] == ["", "Say"]
    with pytest.raises(openai.APIError, match="had an error"):
        await anext(stream)
    assert [list(event) for event in events(post(upstream, "error-frame+after-0", stream=True))] == [["error"]]


async def test_a_gate_waits_for_the_release(upstream: Upstream, client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(**question("gate"), stream=True)
    words = [chunk.choices[0].delta.content for chunk in [await anext(stream), await anext(stream)]]
    assert words == ["", "Say"]
    assert upstream.received[0].outcome == "open"

    upstream.release()
    assert [chunk.choices[0].delta.content async for chunk in stream] == [" it", " again", None]
    await upstream.until(lambda: upstream.completed == 1)
