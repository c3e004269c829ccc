"""A vendor's answer, streamed or whole, as events: also where it is laid out as none should be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.dialects import anthropic
from llm.dialects.anthropic import StreamParser
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderContextTooLong,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
)
from llm.fold import Fold
from llm.types import (
    Block,
    BlockDelta,
    Choice,
    Completion,
    Finished,
    JsonObject,
    Request,
    TextDelta,
    ToolCall,
    Usage,
    UsageReport,
)
from tests.llm.dialects.generated import json_values
from tests.llm.dialects.records import a_record

START: JsonObject = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 1}},
}
STOP: JsonObject = {"type": "message_stop"}


def begin(index: int, **block: Any) -> JsonObject:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: Any) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(index: int) -> JsonObject:
    return {"type": "content_block_stop", "index": index}


def finish(reason: str | None = "end_turn", **fields: Any) -> JsonObject:
    return {"type": "message_delta", "delta": {"stop_reason": reason, **fields}, "usage": {"output_tokens": 5}}


def parsed(*frames: Any) -> Completion:
    parser, fold = StreamParser(), Fold()
    for frame in frames:
        fold.add(parser.parse(orjson.dumps(frame)))
    return fold.completion


def test_an_ordinary_stream() -> None:
    text = [
        begin(0, type="text", text=""),
        delta(0, "text_delta", text="Hel"),
        delta(0, "text_delta", text="lo"),
        end(0),
    ]

    assert parsed(START, *text, finish(), STOP) == Completion(
        [Choice("Hello", finish_reason="stop", native_finish_reason="end_turn", blocks=[Block("text", 5)])],
        Usage(9, 5, 14),
        "msg_1",
        "claude-x",
        dialect="anthropic",
    )


def test_nothing_is_content_before_the_first_word() -> None:
    parser = StreamParser()
    frames = [START, {"type": "ping"}, begin(0, type="text", text="")]

    quiet = [event for frame in frames for event in parser.parse(orjson.dumps(frame))]
    spoken = parser.parse(orjson.dumps(delta(0, "text_delta", text="a")))

    assert not any(isinstance(event, BlockDelta | TextDelta) for event in quiet)
    assert spoken == [BlockDelta("text"), TextDelta("a")]


def test_what_was_used_so_far_is_an_estimate_until_the_end() -> None:
    assert parsed(START).usage == Usage(9, 1, 10, estimated=True)
    counted: Any = finish() | {"usage": {"output_tokens": 5, "cache_read_input_tokens": 2, "input_tokens": None}}
    assert parsed(START, counted).usage == Usage(11, 5, 16, cached_tokens=2)


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"input_tokens": 1, "output_tokens": 2}, Usage(1, 2, 3)),
        (
            {"input_tokens": 1, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 8, "output_tokens": 2},
            Usage(13, 2, 15, 8, 4),
        ),
        (
            {"cache_creation_input_tokens": 4, "cache_creation": {"ephemeral_1h_input_tokens": 3}},
            Usage(4, 0, 4, 0, 4, hour_write_tokens=3),
        ),
        ({"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 7}}, Usage(0, 9, 9, 0, 0, 7)),
        ({"output_tokens": 9, "iterations": [1]}, Usage(0, 9, 9, extra={"iterations": [1]})),
        ({"input_tokens": "many", "output_tokens": -1, "cache_creation": 7}, Usage()),
    ],
)
def test_usage_in_every_form(said: JsonObject, usage: Usage) -> None:
    body = {"content": [], "stop_reason": "end_turn", "usage": said}

    assert UsageReport(usage) in anthropic.parse_completion(body)


def test_a_call_without_arguments_has_none_and_no_gap() -> None:
    calls = [begin(0, type="tool_use", id="t1", name="f", input={}), end(0)]
    calls += [begin(1, type="tool_use", id="t2", name="g", input={}), delta(1, "input_json_delta", partial_json="{}")]

    choice = parsed(START, *calls, finish("tool_use")).choices[0]

    assert choice.tool_calls == [ToolCall("t1", "f", "{}"), ToolCall("t2", "g", "{}")]
    assert choice.finish_reason == "tool_calls"


def test_a_message_that_begins_anew_numbers_its_blocks_anew() -> None:
    first = [START, begin(0, type="tool_use", id="t1", name="f"), delta(0, "input_json_delta", partial_json='{"a')]
    second = [START, begin(0, type="tool_use", id="t2", name="f"), delta(0, "input_json_delta", partial_json="{}")]

    choice = parsed(*first, *second, finish("tool_use")).choices[0]

    assert [(call.id, call.arguments) for call in choice.tool_calls] == [("t1", '{"a'), ("t2", "{}")]


def test_a_delta_that_does_not_fit_its_block_begins_one_that_it_fits() -> None:
    frames = [
        begin(0, type="thinking", thinking=""),
        delta(0, "text_delta", text="a"),
        delta(7, "text_delta", text="b"),
    ]

    choice = parsed(START, *frames, finish()).choices[0]

    assert (choice.text, choice.blocks) == ("ab", [Block("text", 1), Block("text", 1)])


def test_deltas_of_a_kind_to_come_are_kept() -> None:
    told = {"type": "compaction_delta", "content": "Sum."}
    frames = [begin(0, type="compaction", content=""), {"type": "content_block_delta", "index": 0, "delta": told}]

    completion = parsed(START, *frames, end(0), finish())

    assert completion.choices[0].blocks == [
        Block("opaque", extra={"type": "compaction", "content": "", "deltas": [told]})
    ]
    answer = anthropic.render_completion(Request([]), a_record(), completion)
    assert answer["content"] == [{"type": "compaction", "content": "Sum."}]


def test_the_end_mark_ends_what_was_left_open() -> None:
    parser = StreamParser()
    parser.parse(orjson.dumps(START))

    assert parser.parse(orjson.dumps(STOP)) == [Finished("stop")]
    assert parser.is_done


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("overloaded_error", ProviderOverloaded, 529),
        ("rate_limit_error", ProviderRateLimited, 429),
        ("api_error", ProviderBroken, 500),
        ("authentication_error", ProviderAuth, 401),
        ("invalid_request_error", ProviderRefused, 400),
        ("unheard_of_error", ProviderBroken, None),
    ],
)
def test_an_error_in_mid_stream_is_what_its_type_says(kind: str, error: type[ProviderError], status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        parsed(START, {"type": "error", "error": {"type": kind, "message": "Sorry."}})

    assert (type(caught.value), caught.value.upstream_status, caught.value.message) == (error, status, "Sorry.")


def test_a_prompt_that_is_too_long_is_that_in_mid_stream_too() -> None:
    told = {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}

    with pytest.raises(ProviderContextTooLong):
        parsed({"type": "error", "error": told})


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"type": "message", "content": []},
        {"type": "error", "error": {"type": "api_error", "message": "x"}},
    ],
)
def test_a_whole_answer_that_is_none(body: Any) -> None:
    with pytest.raises(ProviderError):
        anthropic.parse_completion(body)


pieces = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "error", "ping", "unheard_of"),
    ]
)
named = st.sampled_from(["text", "thinking", "tool_use", "server_tool_use", "text_delta", "input_json_delta", "x"])
inside = st.fixed_dictionaries(
    {"type": named | json_values}, optional={"text": json_values, "partial_json": json_values}
)
strange = st.fixed_dictionaries(
    {"type": pieces},
    optional={
        "index": st.integers(-2, 3) | json_values,
        "content_block": inside | json_values,
        "delta": inside | json_values,
        "message": json_values | st.fixed_dictionaries({"usage": json_values}),
        "usage": json_values,
        "error": json_values,
    },
)


@given(frames=st.lists(strange | json_values, max_size=8))
def test_whatever_a_vendor_sends_no_other_error_comes_of_it(frames: list[Any]) -> None:
    try:
        parsed(*frames)
    except ProviderError:
        pass


@given(body=json_values | st.fixed_dictionaries({"content": st.lists(inside | json_values), "usage": json_values}))
def test_nor_of_a_whole_answer(body: Any) -> None:
    try:
        anthropic.parse_completion(body)
    except ProviderError:
        pass
