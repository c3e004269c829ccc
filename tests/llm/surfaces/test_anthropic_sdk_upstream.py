"""What of an Anthropic application's request reaches the vendor: all of it where that speaks the same dialect, and what
it can take where not."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.llm.surfaces.claude import ASKED, WEATHER, Claude, claude_with
from tests.llm.surfaces.house import ANTHROPIC, House
from tests.llm.surfaces.registry import KEYS
from tests.llm.surfaces.sdk import WEATHER as FUNCTION
from tests.llm.surfaces.sdk import Sdk
from tests.upstream.received import Received

PIXEL = "iVBORw0KGgo="
PAGE = "JVBERi0xLjQK"
BETA = {"anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07,unheard-of-2027-01-01"}


@pytest.fixture
def claude(house: House, side: str) -> Claude:
    return claude_with("main", house, side)


def received(house: House, answer: httpx2.Response) -> Received:
    assert answer.status_code == 200, answer.text
    (found,) = [one for one in house.vendor.requests if one.id == answer.headers["x-request-id"]]
    return found


def rich(model: str) -> dict[str, Any]:
    """As Claude Code asks, and then some; the order of the fields is none that we would choose."""
    return {
        "model": model,
        "stream": False,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1;"},
            {"type": "text", "text": "Be terse.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "unheard_of": {"deep": [1, None, 1.0, "x"]},
        "messages": [
            {"role": "user", "content": [{"text": "Hello", "type": "text", "cache_control": {"type": "ephemeral"}}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                    {"type": "redacted_thinking", "data": "eHg="},
                    {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"b": 1, "a": [1.0]}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"tool_use_id": "toolu_1", "type": "tool_result", "content": [{"type": "text", "text": "sunny"}]},
                    {"type": "text", "text": "Say it again"},
                ],
            },
        ],
        "metadata": {"user_id": "user_1_session_2"},
        "tools": [WEATHER | {"cache_control": {"type": "ephemeral"}}, {"type": "bash_20250124", "name": "bash"}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "context_management": {"edits": []},
        "temperature": 1,
    }


class TestNative:
    def test_it_arrives_letter_for_letter(self, house: House) -> None:
        body = rich("claude")

        sent = received(house, house.post(f"{ANTHROPIC}?beta=true", body, headers=BETA))

        assert sent.body == json.dumps(body | {"model": "claude-haiku-4-5"}, separators=(",", ":")).encode()
        assert {name: sent.headers[name] for name in BETA} == BETA
        assert sent.headers["x-client-request-id"].startswith("gen_")

    def test_a_stream_too(self, house: House) -> None:
        body = rich("claude") | {"stream": True}

        sent = received(house, house.post(ANTHROPIC, body, headers=BETA))

        assert sent.json == body | {"model": "claude-haiku-4-5"}

    def test_what_is_for_the_gateway_goes_no_further(self, house: House) -> None:
        session = str(uuid4())
        ours = {"gatehouse": {"metadata": {"session_id": session, "tags": {"team": "a"}}, "cache": {"mode": "off"}}}

        sent = received(house, house.post(ANTHROPIC, rich("claude") | ours, headers=BETA))

        assert sent.json == rich("claude") | {"model": "claude-haiku-4-5"}
        row = house.row_of(session)
        assert (row["tags"], row["user_id"]) == ({"team": "a"}, "user_1_session_2")

    def test_a_context_is_put_after_the_system_and_nothing_else_changes(self, house: House) -> None:
        body = rich("claude")
        ours = {"gatehouse": {"context": {"assembled_context": "The sky is blue."}}}

        sent = received(house, house.post(ANTHROPIC, body | ours, headers=BETA)).json

        assert sent["system"] == [*body["system"], {"type": "text", "text": "\n\nThe sky is blue."}]
        assert {name: sent[name] for name in body if name not in ("system", "model")} == {
            name: value for name, value in body.items() if name not in ("system", "model")
        }

    def test_the_key_of_the_caller_stays_here(self, house: House, claude: Claude) -> None:
        answer = claude.create(model="claude", messages=ASKED)

        (sent,) = [one for one in house.vendor.requests if one.id == answer.id]
        assert sent.key == "sk-claude"
        assert KEYS["main"] not in str(sent.headers)

    def test_the_client_may_authenticate_with_either_header(self, house: House) -> None:
        body = {"model": "claude", "max_tokens": 9, "messages": ASKED}
        for header in ({"x-api-key": KEYS["main"]}, {"authorization": f"Bearer {KEYS['main']}"}):
            assert house.post(ANTHROPIC, body, key=None, headers=header).status_code == 200


class TestElsewhere:
    """A vendor of another dialect."""

    def test_it_is_told_what_it_can_take_and_the_rest_is_named(self, house: House) -> None:
        answer = house.post(ANTHROPIC, rich("gpt-4o-mini"), headers=BETA)

        sent = received(house, answer).json
        assert sent["messages"] == [
            {
                "role": "system",
                "content": [
                    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1;"},
                    {"type": "text", "text": "Be terse."},
                ],
            },
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "toolu_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"b":1,"a":[1.0]}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"},
            {"role": "user", "content": "Say it again"},
        ]
        assert (sent["max_completion_tokens"], sent["reasoning_effort"], sent["parallel_tool_calls"]) == (
            *(4096, "low"),
            False,
        )
        assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_weather"]
        warnings = answer.headers["x-gatehouse-warnings"]
        for name in ("unheard_of", "metadata", "messages[2].content[0]", "tools[1]", "context_management"):
            assert f"{name} was dropped: fake does not take it" in warnings
        assert "anthropic-beta" not in received(house, answer).headers

    def test_images_and_documents_go_along(self, house: House, claude: Claude) -> None:
        content = [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {"type": "image", "source": {"type": "url", "url": "https://images.example/cat.png"}},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": PAGE},
                "title": "A page",
            },
            {"type": "text", "text": "What is this?"},
        ]

        answer = claude.create(model="gpt-4o-mini", messages=[{"role": "user", "content": content}])
        native = claude.create(model="claude", messages=[{"role": "user", "content": content}])

        (sent,) = [one.json for one in house.vendor.requests if one.id == answer.id]
        assert sent["messages"][0]["content"] == [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            {"type": "image_url", "image_url": {"url": "https://images.example/cat.png"}},
            {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PAGE}", "filename": "A page"}},
            {"type": "text", "text": "What is this?"},
        ]
        (sent,) = [one.json for one in house.vendor.requests if one.id == native.id]
        assert sent["messages"][0]["content"] == content


class TestFromOpenAI:
    """OpenAI's SDK, and a vendor that speaks Anthropic's dialect behind it."""

    @pytest.mark.parametrize("model", ["claude", "native-reasoning", "native-tools-3"])
    def test_streamed_and_plain_are_the_same_answer(self, sdk: Sdk, model: str) -> None:
        asked = [{"role": "system", "content": "Be brief."}, *ASKED]
        plain = sdk.create(model=model, messages=asked, tools=[FUNCTION])
        _, streamed = sdk.helped(model=model, messages=asked, tools=[FUNCTION], stream_options={"include_usage": True})

        assert streamed.choices[0].message.to_dict().get("content") in (plain.choices[0].message.content, "")
        assert streamed.choices[0].finish_reason == plain.choices[0].finish_reason
        assert streamed.usage == plain.usage
        assert plain.usage.prompt_tokens == 5

    def test_a_refusal(self, sdk: Sdk) -> None:
        choice = sdk.create(model="native-refusal", messages=ASKED).choices[0]

        assert (choice.message.content, choice.message.refusal) == (None, "I cannot help with that.")
        assert choice.finish_reason == "content_filter"

    def test_thought_is_kept(self, sdk: Sdk) -> None:
        message = sdk.create(model="native-reasoning", messages=ASKED).choices[0].message

        assert (message.reasoning_content, message.content) == ("Let me think.", "Say it again")

    def test_blocks_of_the_vendors_own_are_left_out(self, sdk: Sdk) -> None:
        model = "native-reasoning+redacted+searched+text-and-tool+cited"
        choice = sdk.create(model=model, messages=ASKED, tools=[FUNCTION]).choices[0]

        assert (choice.message.content, choice.finish_reason) == ("Say it again", "tool_calls")
        assert len(choice.message.tool_calls) == 1

    def test_the_vendor_is_asked_in_its_own_words(self, house: House, sdk: Sdk) -> None:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        called = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}

        answer = sdk.raw(
            model="claude",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello"},
                {"role": "user", "content": [picture]},
                {"role": "assistant", "content": None, "tool_calls": [called]},
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
                {"role": "user", "content": "Say it again"},
            ],
            tools=[FUNCTION],
            tool_choice="auto",
            parallel_tool_calls=False,
            temperature=1.5,
            top_p=0.5,
            seed=7,
            stop=["END", " "],
            max_tokens=50,
        )

        (sent,) = [one.json for one in house.vendor.requests if one.id == answer.headers["x-request-id"]]
        assert sent == {
            "model": "claude-haiku-4-5",
            "max_tokens": 50,
            "system": "Be brief.",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Hello"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Paris"}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"},
                        {"type": "text", "text": "Say it again"},
                    ],
                },
            ],
            "top_p": 0.5,
            "stop_sequences": ["END"],
            "tools": [
                {
                    "name": "get_weather",
                    "description": "The weather of a city",
                    "input_schema": FUNCTION["function"]["parameters"],  # type: ignore[index]  # it is an object
                    "strict": True,
                }
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        }
        for name in ("temperature", "seed", "stop"):
            assert f"{name} was dropped: claude does not take it" in answer.headers["x-gatehouse-warnings"]

    def test_an_effort_becomes_a_budget_or_stays_one(self, house: House, sdk: Sdk) -> None:
        older = sdk.create(model="claude", messages=ASKED, reasoning_effort="high", max_tokens=30_000)
        newer = sdk.create(model="native-claude-haiku-5-5", messages=ASKED, reasoning_effort="high")

        sent = {one.id: one.json for one in house.vendor.requests}
        assert sent[older.id]["thinking"] == {"type": "enabled", "budget_tokens": 24_576}
        assert sent[newer.id]["thinking"] == {"type": "adaptive"}
        assert sent[newer.id]["output_config"] == {"effort": "high"}

    def test_the_price_of_a_cache_written_for_an_hour_is_its_own(self, house: House, sdk: Sdk) -> None:
        answer = sdk.create(model="native-cached+written-4+written-hour-6", messages=ASKED)

        row = house.row(answer.id)
        assert row["cost"] == 2 * 150_000 + 1 * 75_000 + 4 * 150_000 + 6 * 240_000 + 3 * 600_000
