"""What an application that was written for OpenAI relies on, held by the SDK it is written with."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import openai
import pytest
from pydantic import BaseModel

from tests.llm.surfaces.house import House
from tests.llm.surfaces.sdk import ASKED, WEATHER, Sdk, text_of


class TestPlain:
    def test_an_answer_is_whole(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gpt-4o-mini", messages=ASKED)

        assert (answer.object, answer.model) == ("chat.completion", "gpt-4o-mini")
        assert answer.id.startswith("gen_")
        assert abs(answer.created - time.time()) < 60
        (choice,) = answer.choices
        assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
        assert (choice.message.role, choice.message.content) == ("assistant", "Say it again")
        assert (choice.message.refusal, choice.message.tool_calls) == (None, None)

    def test_usage_is_the_vendors_with_all_its_details(self, sdk: Sdk) -> None:
        usage = sdk.create(model="cached", messages=ASKED).usage

        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (3, 3, 6)
        assert usage.prompt_tokens_details.cached_tokens == 1
        assert usage.completion_tokens_details.accepted_prediction_tokens == 0

    def test_the_vendors_own_model_name_and_fingerprint_are_told(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gpt-4o-mini+dated", messages=ASKED)

        assert answer.model == "gpt-4o-mini+dated-2024-07-18"
        assert (answer.service_tier, answer.system_fingerprint) == ("default", "fp_upstream")

    def test_an_alias_is_a_name_like_any_other(self, sdk: Sdk) -> None:
        assert sdk.create(model="small", messages=ASKED).choices[0].message.content == "Say it again"

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_an_answer_ends_at_its_bound(self, sdk: Sdk, name: str) -> None:
        (choice,) = sdk.create(model="gpt-4o-mini", messages=ASKED, **{name: 2}).choices

        assert (choice.finish_reason, choice.message.content) == ("length", "Say it")

    def test_several_choices(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gpt-4o-mini", messages=ASKED, n=2)

        assert [choice.index for choice in answer.choices] == [0, 1]
        assert [choice.message.content for choice in answer.choices] == ["Say it again", "Say it again #1"]
        assert answer.usage.completion_tokens == 7

    def test_logprobs(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gpt-4o-mini", messages=ASKED, logprobs=True, top_logprobs=2)

        logprobs = answer.choices[0].logprobs.content
        assert [one.token for one in logprobs] == ["Say", " it", " again"]
        assert {len(one.top_logprobs) for one in logprobs} == {2}

    def test_reasoning(self, sdk: Sdk) -> None:
        message = sdk.create(model="reasoning", messages=ASKED).choices[0].message

        assert (message.reasoning_content, message.content) == ("Let me think.", "Say it again")

    def test_a_refusal(self, sdk: Sdk) -> None:
        choice = sdk.create(model="refusal", messages=ASKED).choices[0]

        assert (choice.message.content, choice.message.refusal) == (None, "I cannot help with that.")
        assert choice.finish_reason == "stop"

    def test_no_words_are_an_answer_too(self, sdk: Sdk) -> None:
        choice = sdk.create(model="silent", messages=ASKED).choices[0]

        assert (choice.message.content, choice.finish_reason) == ("", "stop")


class TestStreamed:
    def test_chunks_belong_together(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="gpt-4o-mini+dated", messages=ASKED)

        assert text_of(chunks) == "Say it again"
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
        assert {chunk.model for chunk in chunks} == {"gpt-4o-mini+dated-2024-07-18"}
        assert len({(chunk.id, chunk.created, chunk.system_fingerprint) for chunk in chunks}) == 1
        assert chunks[0].id.startswith("gen_")

    def test_the_first_delta_has_the_role_and_the_last_one_nothing(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="gpt-4o-mini", messages=ASKED)

        assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant", None, None, None, None]
        assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, None, "stop"]
        assert chunks[-1].choices[0].delta.to_dict() == {}

    @pytest.mark.parametrize("more", [{}, {"stream_options": {"include_usage": False}}])
    @pytest.mark.parametrize("model", ["gpt-4o-mini", "usage-every"])
    def test_without_being_asked_for_usage_no_chunk_lacks_choices(
        self, sdk: Sdk, model: str, more: dict[str, Any]
    ) -> None:
        chunks = sdk.chunks(model=model, messages=ASKED, **more)

        assert all(len(chunk.choices) == 1 for chunk in chunks)
        assert all(chunk.usage is None for chunk in chunks)

    @pytest.mark.parametrize("model", ["gpt-4o-mini", "usage-every", "usage-finish"])
    def test_usage_comes_once_and_last_when_asked_for(self, sdk: Sdk, model: str) -> None:
        chunks = sdk.chunks(model=model, messages=ASKED, stream_options={"include_usage": True})

        assert [len(chunk.choices) for chunk in chunks] == [1] * (len(chunks) - 1) + [0]
        assert all(chunk.usage is None for chunk in chunks[:-1])
        usage = chunks[-1].usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (3, 3, 6)
        assert usage.prompt_tokens_details.cached_tokens == 0

    def test_usage_is_estimated_where_the_vendor_is_silent(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="usage-none", messages=ASKED, stream_options={"include_usage": True})

        usage = chunks[-1].usage
        assert usage.prompt_tokens > 0
        assert usage.completion_tokens == 3

    def test_several_choices_each_begin_and_end_once(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="gpt-4o-mini", messages=ASKED, n=2)

        for index, text in enumerate(["Say it again", "Say it again #1"]):
            mine = [chunk for chunk in chunks if chunk.choices[0].index == index]
            assert text_of(mine) == text
            assert [chunk.choices[0].delta.role for chunk in mine].count("assistant") == 1
            assert [chunk.choices[0].finish_reason for chunk in mine if chunk.choices[0].finish_reason] == ["stop"]

    def test_logprobs_come_with_their_words(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="gpt-4o-mini", messages=ASKED, logprobs=True, top_logprobs=1)

        said = [chunk.choices[0].logprobs.content for chunk in chunks if chunk.choices[0].logprobs]
        assert [one.token for content in said for one in content] == ["Say", " it", " again"]

    def test_reasoning_comes_before_the_words(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="reasoning", messages=ASKED)

        thoughts = [getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks]
        assert "".join(thoughts) == "Let me think."
        assert text_of(chunks) == "Say it again"

    def test_a_refusal(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="refusal", messages=ASKED)

        assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "I cannot help with that."
        assert text_of(chunks) == ""

    def test_letters_of_several_bytes(self, sdk: Sdk) -> None:
        chunks = sdk.chunks(model="foreign+utf8-split", messages=ASKED)

        assert text_of(chunks) == "Grüße aus Zürich, 世界 und 👩‍🚀 naïve cafés"

    def test_the_helper_makes_the_same_answer_of_it(self, sdk: Sdk) -> None:
        events, answer = sdk.helped(model="gpt-4o-mini", messages=ASKED, stream_options={"include_usage": True})

        assert answer.choices[0].message.content == "Say it again"
        assert answer.usage.total_tokens == 6
        assert {event.type for event in events} == {"chunk", "content.delta", "content.done"}

    def test_the_helper_keeps_choices_apart(self, sdk: Sdk) -> None:
        _, answer = sdk.helped(model="gpt-4o-mini", messages=ASKED, n=2, logprobs=True)

        assert [choice.message.content for choice in answer.choices] == ["Say it again", "Say it again #1"]
        assert [len(choice.logprobs.content) for choice in answer.choices] == [3, 4]


class TestTools:
    def test_a_call(self, sdk: Sdk) -> None:
        choice = sdk.create(model="gpt-4o-mini", messages=ASKED, tools=[WEATHER], tool_choice="required").choices[0]

        (call,) = choice.message.tool_calls
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        assert (call.type, call.function.name) == ("function", "get_weather")
        assert json.loads(call.function.arguments).keys() == {"city"}
        assert call.id

    @pytest.mark.parametrize("model", ["tool", "text-and-tool", "tools-3", "tools-3+no-index", "tools-3+same-index"])
    def test_streamed_calls_are_the_plain_ones(self, sdk: Sdk, model: str) -> None:
        plain = sdk.create(model=model, messages=ASKED, tools=[WEATHER]).choices[0]
        events, answer = sdk.helped(model=model, messages=ASKED, tools=[WEATHER])
        streamed = answer.choices[0]

        assert [(call.function.name, call.function.arguments) for call in streamed.message.tool_calls] == [
            (call.function.name, call.function.arguments) for call in plain.message.tool_calls
        ]
        assert len({call.id for call in streamed.message.tool_calls}) == len(plain.message.tool_calls)
        assert (streamed.finish_reason, streamed.message.content or None) == ("tool_calls", plain.message.content)
        assert "tool_calls.function.arguments.done" in {event.type for event in events}

    @pytest.mark.parametrize("model", ["tools-3", "tools-3+no-index", "tools-3+same-index"])
    def test_indices_count_from_zero_and_names_come_once(self, sdk: Sdk, model: str) -> None:
        chunks = sdk.chunks(model=model, messages=ASKED, tools=[WEATHER])

        deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
        assert sorted({delta.index for delta in deltas}) == [0, 1, 2]
        opened = [delta for delta in deltas if delta.id or delta.function.name]
        assert [(delta.index, delta.type, delta.function.name) for delta in opened] == [
            (0, "function", "get_weather"),
            (1, "function", "get_weather"),
            (2, "function", "get_weather"),
        ]

    def test_results_go_back_to_the_vendor_as_they_came(self, house: House, sdk: Sdk) -> None:
        text = f"And the weather, {uuid4()}?"
        calls = sdk.create(model="tools-3", messages=ASKED, tools=[WEATHER]).choices[0].message
        results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls.tool_calls]

        answer = sdk.create(
            model="gpt-4o-mini",
            messages=[*ASKED, calls, *results, {"role": "user", "content": text}],
            tools=[WEATHER],
        )

        assert answer.choices[0].message.content == text
        sent = house.received(text).json
        assert sent["tools"] == [WEATHER]
        assert sent["messages"][2:5] == results
        assert sent["messages"][1]["tool_calls"] == [call.to_dict() for call in calls.tool_calls]

    def test_the_older_functions(self, sdk: Sdk) -> None:
        asked: dict[str, Any] = {"model": "tool", "messages": ASKED, "functions": [WEATHER["function"]]}

        plain = sdk.create(**asked).choices[0]
        chunks = sdk.chunks(**asked)

        assert (plain.finish_reason, plain.message.function_call.name) == ("function_call", "get_weather")
        assert plain.message.tool_calls is None
        deltas = [chunk.choices[0].delta.function_call for chunk in chunks if chunk.choices[0].delta.function_call]
        assert [delta.name for delta in deltas if delta.name] == ["get_weather"]
        assert "".join(delta.arguments or "" for delta in deltas) == plain.message.function_call.arguments
        assert chunks[-1].choices[0].finish_reason == "function_call"


class Recipe(BaseModel):
    title: str
    minutes: int
    steps: list[str]


class TestSchemas:
    def test_an_answer_is_parsed(self, sdk: Sdk) -> None:
        message = sdk.parse(model="gpt-4o-mini", messages=ASKED, response_format=Recipe).choices[0].message

        assert isinstance(message.parsed, Recipe)

    def test_a_streamed_answer_is_parsed(self, sdk: Sdk) -> None:
        _, answer = sdk.helped(model="gpt-4o-mini", messages=ASKED, response_format=Recipe)

        assert isinstance(answer.choices[0].message.parsed, Recipe)

    def test_arguments_are_parsed(self, sdk: Sdk) -> None:
        tool = openai.pydantic_function_tool(Recipe)

        message = sdk.parse(model="tool", messages=ASKED, tools=[tool]).choices[0].message

        assert isinstance(message.tool_calls[0].function.parsed_arguments, Recipe)
