"""Gemini behind the surfaces: callers of other dialects need not know whom they speak to."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import openai
import pytest

from tests.llm.surfaces.claude import WEATHER as CLAUDES_WEATHER
from tests.llm.surfaces.claude import Claude, claude_with
from tests.llm.surfaces.house import NATIVE, OPENAI, House, frames, question
from tests.llm.surfaces.sdk import ASKED, WEATHER, Sdk, text_of

PIXEL = "data:image/png;base64,iVBORw0KGgo="
TOOLS = "gemini/gemini-3-flash-preview+tools-2+signed"
FUNCTION: Any = WEATHER["function"]

streamed_or_not = pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])


def native(house: House, stream: bool, body: dict[str, Any]) -> dict[str, Any]:
    answer = house.post(NATIVE, {**body, "stream": stream})
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = frames(answer.text)[-1][1] if stream else answer.json()
    return whole


class TestOpenAI:
    def test_an_answer_is_whole(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gemini/gemini-2.5-flash", messages=ASKED)

        assert answer.model == "gemini-2.5-flash"
        assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Say it again", "stop")
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (3, 3, 6)

    def test_a_stream_is_one_of_openais(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="gemini/words-20", messages=ASKED, stream_options={"include_usage": True})

        assert text_of(chunks).split() == [f"word{number}" for number in range(1, 21)]
        assert [chunk.choices[0].finish_reason for chunk in chunks[-2:-1]] == ["stop"]
        assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 20)

    def test_the_sdks_own_helper_takes_it(self, sdk: Sdk) -> None:
        _, answer = sdk.helped(model="gemini/reasoning", messages=ASKED)

        assert answer.choices[0].message.content == "Say it again"
        assert answer.choices[0].message.reasoning_content == "Let me think."

    @pytest.mark.parametrize("helped", [False, True])
    def test_tools_over_two_turns_keep_their_signatures(self, house: House, sdk: Sdk, helped: bool) -> None:
        asked: dict[str, Any] = {"model": TOOLS, "tools": [WEATHER], "messages": ASKED}
        answer = sdk.helped(**asked)[1] if helped else sdk.create(**asked)
        (choice,) = answer.choices
        calls = choice.message.tool_calls
        results = [{"role": "tool", "tool_call_id": call.id, "content": '{"degrees": 21}'} for call in calls]
        turn = {"role": "assistant", "tool_calls": [call.to_dict() for call in calls]}
        for call in turn["tool_calls"]:
            call["function"].pop("parsed_arguments", None)

        again = sdk.create(model=TOOLS, tools=[WEATHER], messages=[*ASKED, turn, *results])

        assert choice.finish_reason == "tool_calls"
        assert [json.loads(call.function.arguments) for call in calls] == [{"city": "text"}] * 2
        assert again.choices[0].finish_reason == "tool_calls"
        said, returned = house.vendor.requests[-1].json["contents"][1:]
        assert ["thoughtSignature" in part for part in said["parts"]] == [True, False]
        assert [part["functionResponse"]["name"] for part in returned["parts"]] == ["get_weather"] * 2

    def test_json_follows_its_schema(self, house: House, sdk: Sdk) -> None:
        schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        form = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
        answer = sdk.create(model="gemini/gemini-2.5-flash", messages=ASKED, response_format=form)

        assert json.loads(answer.choices[0].message.content) == {"city": "text"}
        assert house.vendor.requests[-1].json["generationConfig"]["responseJsonSchema"] == schema

    def test_a_picture_goes_inside(self, house: House, sdk: Sdk) -> None:
        parts = [{"type": "image_url", "image_url": {"url": PIXEL}}, {"type": "text", "text": "What is this?"}]
        answer = sdk.create(model="gemini/gemini-2.5-flash", messages=[{"role": "user", "content": parts}])

        assert answer.choices[0].message.content == "What is this?"
        assert house.vendor.requests[-1].json["contents"][0]["parts"][0] == {
            "inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}
        }

    def test_a_blocked_prompt_is_filtered(self, sdk: Sdk) -> None:
        whole = sdk.create(model="gemini/blocked-SAFETY", messages=ASKED).choices[0]
        chunks = sdk.chunks(model="gemini/blocked-SAFETY", messages=ASKED)

        assert (whole.message.content, whole.finish_reason) == ("", "content_filter")
        assert chunks[-1].choices[0].finish_reason == "content_filter"

    def test_errors_are_openais(self, sdk: Sdk) -> None:
        with pytest.raises(openai.BadRequestError):
            sdk.create(model="gemini/status-400", messages=ASKED)
        with pytest.raises(openai.RateLimitError) as limited:
            sdk.create(model="gemini/retry-info-7s", messages=ASKED)
        with pytest.raises(openai.APIError):
            sdk.chunks(model="gemini/error-frame+after-2", messages=ASKED)

        assert limited.value.response.headers["retry-after"] == "7"


class TestAnthropic:
    @pytest.fixture
    def claude(self, house: House, side: str) -> Claude:
        return claude_with("main", house, side)

    def test_tools_over_two_turns_keep_their_signatures(self, house: House, claude: Claude) -> None:
        answer = claude.create(model=TOOLS, messages=ASKED, tools=[CLAUDES_WEATHER])
        turns = _claudes_turns(answer)

        again = claude.create(model=TOOLS, messages=turns, tools=[CLAUDES_WEATHER])

        assert answer.stop_reason == again.stop_reason == "tool_use"
        said, returned = house.vendor.requests[-1].json["contents"][1:]
        assert ["thoughtSignature" in part for part in said["parts"]] == [True, False]
        assert [part["functionResponse"]["name"] for part in returned["parts"]] == ["get_weather"] * 2

    def test_the_signature_of_a_text_goes_back_with_it(self, house: House, claude: Claude) -> None:
        answer = claude.create(model="gemini/signed", messages=ASKED)
        turn = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}

        claude.create(model="gemini/signed", messages=[*ASKED, turn, *ASKED])

        said = house.vendor.requests[-1].json["contents"][1]["parts"]
        assert [(part["text"], len(part["thoughtSignature"])) for part in said] == [("Say it again", 400)]

    @pytest.mark.parametrize("first", [TOOLS, "gemini/signed"])
    def test_a_conversation_may_move_on_to_claude(self, house: House, claude: Claude, first: str) -> None:
        answer = claude.create(model=first, messages=ASKED, tools=[CLAUDES_WEATHER])

        claude.create(model="claude", messages=_claudes_turns(answer), tools=[CLAUDES_WEATHER])

        turn = house.vendor.requests[-1].json["messages"][1]
        assert "__thought_" not in json.dumps(turn)


def _claudes_turns(answer: Any) -> list[dict[str, Any]]:
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}
        for block in answer.content
        if block.type == "tool_use"
    ]
    turn = {"role": "assistant", "content": [block.to_dict() for block in answer.content]}
    return [*ASKED, turn, {"role": "user", "content": results or "Go on"}]


class TestNative:
    @streamed_or_not
    def test_an_answer_is_whole(self, house: House, stream: bool) -> None:
        whole = native(house, stream, question("gemini/reasoning", options={"reasoning_effort": "low", "top_k": 3}))

        assert (whole["provider"], whole["upstream_model"]) == ("gemini", "reasoning")
        assert (whole["content"], whole["reasoning"]) == ("Say it again", "Let me think.")
        assert (whole["usage"]["completion_tokens"], whole["usage"]["reasoning_tokens"]) == (6, 3)
        assert whole["metadata"]["warnings"] == ["reasoning_effort was dropped: gemini does not take it"]

    @streamed_or_not
    def test_cached_tokens_have_their_own_price(self, house: House, stream: bool) -> None:
        whole = native(house, stream, question("gemini/cached"))

        assert (whole["usage"]["prompt_tokens"], whole["usage"]["cached_tokens"]) == (3, 1)
        assert Decimal(whole["cost"]) == (2 * Decimal("0.15") + Decimal("0.075") + 3 * Decimal("0.60")) / 10**6

    @streamed_or_not
    def test_tools_over_two_turns_keep_their_signatures(self, house: House, stream: bool) -> None:
        body = question(TOOLS, options={"tools": [{"name": "get_weather", "parameters": FUNCTION["parameters"]}]})
        calls = native(house, stream, body)["tool_calls"]
        turn = {"role": "assistant", "content": None, "tool_calls": calls}
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls]

        native(house, stream, {**body, "messages": [*body["messages"], turn, *results]})

        said, returned = house.vendor.requests[-1].json["contents"][1:]
        assert ["thoughtSignature" in part for part in said["parts"]] == [True, False]
        assert returned["parts"][0]["functionResponse"]["response"] == {"output": "sunny"}

    @streamed_or_not
    def test_the_signature_of_a_text_goes_back_with_it(self, house: House, stream: bool) -> None:
        body = question("gemini/signed")
        whole = native(house, stream, body)
        turn = {
            "role": "assistant",
            "content": whole["content"],
            "reasoning_signature": whole["reasoning_signature"],
        }

        native(house, stream, {**body, "messages": [*body["messages"], turn, *ASKED]})

        (part,) = house.vendor.requests[-1].json["contents"][1]["parts"]
        assert (part["text"], len(part["thoughtSignature"])) == ("Say it again", 400)

    def test_a_conversation_may_move_to_another_vendor_and_back(self, house: House) -> None:
        tools = [{"name": "get_weather", "parameters": FUNCTION["parameters"]}]
        body = question(TOOLS, f"Weather, {uuid4()}?", options={"tools": tools})
        (first, second) = native(house, False, body)["tool_calls"]
        turn = {"role": "assistant", "content": None, "tool_calls": [first, second]}
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in (first, second)]

        native(house, False, {**body, "model": "gpt-4o-mini", "messages": [*body["messages"], turn, *results]})

        sent = house.vendor.requests[-1].json["messages"]
        ids = [call["id"] for call in sent[1]["tool_calls"]]
        assert [message["tool_call_id"] for message in sent[2:]] == ids
        assert all(len(identity) <= 40 for identity in ids)

        foreign = native(house, False, {**body, "model": "tool"})["tool_calls"]
        turn = {"role": "assistant", "content": None, "tool_calls": foreign}
        result = {"role": "tool", "tool_call_id": foreign[0]["id"], "content": "sunny"}
        native(house, False, {**body, "model": TOOLS, "messages": [*body["messages"], turn, result]})

    def test_a_bad_key_is_the_operators_problem_and_a_fallback_helps(self, house: House) -> None:
        whole = native(house, False, question("gemini-locked"))

        assert [(one["provider"], one["error"]) for one in whole["metadata"]["attempts"]] == [
            ("gemini", "provider_auth"),
            ("fake", None),
        ]

    def test_a_picture_that_google_cannot_fetch_goes_to_who_can(self, house: House) -> None:
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image", "image": "http://a.example/cat.png"}]
        body = {"messages": [{"role": "user", "content": parts}]}
        whole = native(house, False, {**body, "model": "two-eyes"})
        refused = house.post(NATIVE, {**body, "model": "gemini/gemini-2.5-flash"})

        assert whole["provider"] == "fake"
        assert refused.status_code == 422
        error = refused.json()["error"]
        assert (error["code"], error["source"]) == ("unsupported_content", "gateway")
        assert error["param"] == "messages[0].content[1]"
        assert "data: URL" in error["message"]

    def test_the_vendor_is_told_our_id(self, house: House) -> None:
        answer = house.post(OPENAI, question("gemini/gemini-3.8-flash"))

        received = house.vendor.requests[-1]
        assert received.id == answer.headers["x-request-id"]
        assert (received.key, received.model) == ("sk-gemini", "gemini-3.8-flash")
