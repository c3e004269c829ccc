"""Vendors' answers in all their habits become the same few events."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects.openai import ChunkParser, parse_completion
from llm.errors import ProviderAuth, ProviderBroken, ProviderError, ProviderOverloaded, ProviderRateLimited
from llm.fold import Fold
from llm.types import (
    Choice,
    Completion,
    Event,
    ExtraDelta,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageReport,
)

Json = dict[str, Any]


def chunk(delta: Json | None = None, finish: str | None = None, **fields: Any) -> Json:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "gpt-x", "choices": [choice], **fields}


def events(*chunks: Json) -> list[Event]:
    parser = ChunkParser()
    return [event for one in chunks for event in parser.parse_chunk(one)]


def content(*chunks: Json) -> list[Event]:
    return [event for event in events(*chunks) if not isinstance(event, Started)]


def folded(*chunks: Json) -> Completion:
    fold = Fold()
    fold.add(events(*chunks))
    return fold.completion


def calls(*chunks: Json) -> list[ToolCall]:
    return folded(*chunks).choices[0].tool_calls


def whole(message: Json, finish: str | None = "stop", **fields: Any) -> Json:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion", "model": "gpt-x", "choices": [choice], **fields}


def answer(message: Json, finish: str | None = "stop", **fields: Any) -> Choice:
    fold = Fold()
    fold.add(parse_completion(whole(message, finish, **fields)))
    return fold.completion.choices[0]


def call(index: int | None, identity: str | None, name: str | None, arguments: str) -> Json:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    said = {"index": index, "id": identity, "function": function}
    return chunk({"tool_calls": [{name: value for name, value in said.items() if value is not None}]})


def test_a_plain_stream() -> None:
    assert events(
        chunk({"role": "assistant", "content": ""}, service_tier="default"),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({}, "stop"),
        {"id": "c1", "model": "gpt-x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    ) == [
        Started("c1", "gpt-x", {"service_tier": "default"}, "openai"),
        TextDelta("Hel"),
        TextDelta("lo"),
        Finished("stop", native="stop"),
        UsageReport(Usage(1, 2, 3)),
    ]


def test_several_choices_keep_apart() -> None:
    both = [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]

    assert content({"id": "c1", "choices": both}) == [TextDelta("b", 1), TextDelta("a", 0)]


def test_the_first_id_counts() -> None:
    completion = folded(chunk({"content": "a"}), chunk({"content": "b"}, id="c2"))

    assert completion.upstream_id == "c1"


def test_an_empty_first_chunk_leaves_the_id_to_the_next() -> None:
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}

    assert events(first, chunk({"content": "a"})) == [
        Started(None, None, {"prompt_filter_results": [{"prompt_index": 0}]}, "openai"),
        Started("c1", "gpt-x", None, "openai"),
        TextDelta("a"),
    ]


def test_fields_that_come_late_are_kept() -> None:
    late = chunk({}, "stop", citations=["https://a.example/"], obfuscation="x7")

    assert folded(chunk({"content": "a"}), late).extra == {"citations": ["https://a.example/"]}


def test_of_two_finish_reasons_one_is_told() -> None:
    finishes = content(chunk({"content": "a"}, "stop"), chunk({"content": ""}, "stop"))

    assert finishes == [TextDelta("a"), Finished("stop", native="stop")]


def test_of_many_usages_the_last_counts() -> None:
    growing = [chunk({"content": "a"}, usage={"prompt_tokens": 9, "completion_tokens": n}) for n in (None, 1, 2)]

    assert folded(*growing).usage == Usage(9, 2, 11)


def test_usage_may_stand_in_a_choice() -> None:
    last = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}

    assert folded({"id": "c1", "choices": [last]}).usage == Usage(1, 1, 2)


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(9, 0, 9, 4)),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, Usage(9, 0, 9, 4, extra={"prompt_cache_hit_tokens": 4})),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cache_write_tokens": 2}}, Usage(9, 0, 9, 0, 2)),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}}, Usage(0, 9, 9, 0, 0, 4)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 22,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(10, 12, 22, 0, 0, 7),
        ),
        ({"prompt_tokens": 1.0, "completion_tokens": "2", "total_tokens": -5}, Usage(1, 0, 1)),
        ({"cost": 0.5, "completion_tokens": 1}, Usage(0, 1, 1, extra={"cost": 0.5})),
    ],
)  # fmt: skip
def test_token_counts_under_all_their_names(said: Json, usage: Usage) -> None:
    assert folded(chunk({"content": "a"}, usage=said)).usage == usage


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_under_both_names(name: str) -> None:
    assert content(chunk({name: "Hm"}), chunk({name: None, "content": "a"})) == [ReasoningDelta("Hm"), TextDelta("a")]


def test_reasoning_that_comes_twice_is_told_once() -> None:
    details = [{"type": "reasoning.text", "text": "Hm"}]

    assert content(chunk({"reasoning": "Hm", "reasoning_content": "Hm", "reasoning_details": details})) == [
        ReasoningDelta("Hm"),
        ExtraDelta({"message": {"reasoning_details": details}}),
    ]


def test_reasoning_in_details_alone_is_told() -> None:
    details = [{"type": "reasoning.text", "text": "Hm"}, {"type": "reasoning.encrypted", "data": "x"}]

    assert answer({"content": "a", "reasoning_details": details}) == Choice(
        text="a",
        reasoning="Hm",
        finish_reason="stop",
        native_finish_reason="stop",
        extra={"message": {"reasoning_details": details}},
    )


@pytest.mark.parametrize(
    "parts",
    [
        [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"type": "text", "text": "a"}],
        [{"type": "thinking", "thinking": "Hm"}, "a"],
    ],
)
def test_content_may_be_a_list(parts: list[Any]) -> None:
    assert content(chunk({"content": parts})) == [ReasoningDelta("Hm"), TextDelta("a")]


def test_content_may_be_an_object() -> None:
    assert content(chunk({"content": {"type": "text", "text": "a"}})) == [TextDelta("a")]


def test_parts_nobody_knows_are_kept() -> None:
    reference = {"type": "reference", "reference_ids": [1]}

    assert content(chunk({"content": [reference]})) == [ExtraDelta({"message": {"content_parts": [reference]}})]


def test_a_refusal() -> None:
    assert content(chunk({"refusal": "No."})) == [RefusalDelta("No.")]


def test_pieces_of_calls_find_each_other() -> None:
    assert calls(
        call(0, "a", "f", ""), call(0, None, None, '{"x"'), call(1, "b", "g", ""), call(0, None, None, ":1}"),
        call(1, None, None, "{}"),
    ) == [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}")]  # fmt: skip


def test_id_and_name_are_told_once() -> None:
    deltas = content(call(0, "a", "f", "{"), call(0, "a", "f", "}"))

    assert deltas == [ToolCallDelta(0, "a", "f", "{"), ToolCallDelta(0, arguments="}")]


def test_an_index_with_gaps_is_closed_up() -> None:
    assert [
        event.index
        for event in content(call(3, "a", "f", ""), call(7, "b", "f", ""))
        if isinstance(event, ToolCallDelta)
    ] == [0, 1]


def test_calls_without_an_index() -> None:
    assert calls(
        call(None, "a", "f", "{"), call(None, None, None, "}"), call(None, "b", "g", ""), call(None, "b", None, "{}")
    ) == [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")]


def test_an_index_used_again_for_another_call() -> None:
    assert calls(call(0, "a", "f", "{}"), call(0, "b", "f", "{"), call(0, None, None, "}")) == [
        ToolCall("a", "f", "{}"),
        ToolCall("b", "f", "{}"),
    ]


def test_a_name_that_comes_after_the_id() -> None:
    assert calls(call(0, "a", None, ""), call(0, "a", "f", "{}")) == [ToolCall("a", "f", "{}")]


def test_a_call_without_an_id_is_given_one() -> None:
    first, second = calls(call(0, None, "f", "{}"), call(1, None, "f", "{}"))

    assert first.id.startswith("call_")
    assert first.id != second.id


def test_arguments_that_were_parsed_already() -> None:
    said = chunk({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]})

    assert calls(said) == [ToolCall("a", "f", '{"x":1}')]


def test_a_call_of_another_kind_and_what_else_it_carries() -> None:
    said = {"id": "a", "type": "custom", "custom": {"name": "f", "input": "4 + 4"}, "extra_content": {"google": {}}}

    assert answer({"tool_calls": [said]}, "tool_calls").tool_calls == [
        ToolCall("a", "f", "4 + 4", "custom", {"extra_content": {"google": {}}})
    ]


def test_blanks_for_the_other_kind_are_no_call() -> None:
    both = {
        "id": "a",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "custom": {"name": "", "input": ""},
    }
    blank = {"name": "", "arguments": ""}

    assert answer({"tool_calls": [both], "function_call": blank}).tool_calls == [ToolCall("a", "f", "{}")]


def test_the_older_function_call_is_a_tool_call() -> None:
    completion = folded(
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}, "function_call"),
    )

    assert [(one.name, one.arguments) for one in completion.choices[0].tool_calls] == [("f", "{}")]
    assert completion.choices[0].finish_reason == "tool_calls"


def test_a_choice_without_a_message_is_an_answer_if_it_has_ended() -> None:
    filtered = {"index": 0, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": True}}}

    assert parse_completion({"id": "c1", "choices": [filtered]})[1:] == [
        ExtraDelta({"content_filter_results": {"hate": {"filtered": True}}}),
        Finished("content_filter", native="content_filter"),
    ]


def test_logprobs_and_audio_are_kept() -> None:
    assert answer({"content": "a", "audio": {"id": "x"}, "annotations": []}).extra == {
        "message": {"audio": {"id": "x"}}
    }
    assert content({"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [1]}}]}) == [
        TextDelta("a"),
        ExtraDelta({"logprobs": {"content": [1]}}),
    ]


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("MAX_TOKENS", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("eos", "stop"),
    ],
)
def test_finish_reasons(native: str, reason: str) -> None:
    assert content(chunk({}, native)) == [Finished(reason, native=native)]  # type: ignore[arg-type]  # a literal's words


def test_a_whole_answer_has_ended_even_if_it_does_not_say_so() -> None:
    assert answer({"content": "a"}, "").finish_reason == "stop"


def test_in_a_stream_a_piece_counts_before_the_whole() -> None:
    both = {"index": 0, "delta": {"content": "b"}, "message": {"content": "ab"}}

    assert content({"choices": [both]}) == [TextDelta("b")]


def test_in_a_whole_answer_the_whole_counts_before_a_piece() -> None:
    both = {"index": 0, "delta": {"content": ""}, "message": {"content": "ab"}, "finish_reason": "stop"}

    assert TextDelta("ab") in parse_completion({"choices": [both]})


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        [],
        "<html>Bad gateway</html>",
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": ""}, "finish_reason": None}]},
        {"choices": [], "usage": {"prompt_tokens": 1}},
    ],
)
def test_an_answer_that_is_none_is_a_failure(body: object) -> None:
    with pytest.raises(ProviderBroken):
        parse_completion(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "Slow down.", "code": 429}}, ProviderRateLimited),
        ({"error": {"message": "Busy.", "code": 503}, "choices": []}, ProviderOverloaded),
        ({"error": {"message": "Oops.", "type": "server_error"}}, ProviderBroken),
        ({"error": "model is loading"}, ProviderBroken),
        ({"object": "error", "message": "Bad key.", "code": 401}, ProviderAuth),
        ({"detail": "Not today."}, ProviderBroken),
        ({"choices": [{"error": {"code": 502, "message": "Gone."}, "finish_reason": "error"}]}, ProviderBroken),
        ({"choices": [{"message": {"content": "a"}, "finish_reason": "error"}]}, ProviderBroken),
        ({"choices": [{"index": 10**9, "message": {"content": "a"}}]}, ProviderBroken),
    ],
)
def test_an_error_in_place_of_an_answer(body: Json, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        parse_completion(body)


def test_an_error_in_mid_stream() -> None:
    parser = ChunkParser()
    parser.parse_chunk(chunk({"content": "a"}, error=None))

    with pytest.raises(ProviderOverloaded) as caught:
        parser.parse_chunk({"error": {"message": "Overloaded.", "type": "overloaded_error"}})

    assert caught.value.message == "Overloaded."
