"""What vendors beside OpenAI make of its dialect is understood too."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects.openai import ChunkParser, StreamParser, parse_completion
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
)
from llm.fold import Fold
from llm.types import Completion
from tests.llm.dialects.openai.test_chunks import Json, answer, calls, chunk, folded, whole


def streamed(*frames: bytes) -> Completion:
    parser, fold = StreamParser(), Fold()
    for frame in frames:
        fold.add(parser.parse(frame))
    return fold.completion


def call(**fields: Any) -> Json:
    return chunk({"tool_calls": [fields]})


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_has_several_names(name: str) -> None:
    said = answer({"content": "Yes.", name: "Hm."})
    assert (said.text, said.reasoning, said.extra) == ("Yes.", "Hm.", None)


def test_reasoning_under_two_names_counts_once() -> None:
    assert answer({"content": "Yes.", "reasoning": "Hm.", "reasoning_content": "Hm."}).reasoning == "Hm."


@pytest.mark.parametrize(
    "part",
    [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "reasoning", "text": "Hm."},
        {"type": "reasoning", "reasoning": "Hm."},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    ],
)
def test_a_part_that_is_a_thought_is_no_text(part: Json) -> None:
    said = answer({"content": [part, {"type": "text", "text": "Yes."}]})
    assert (said.text, said.reasoning) == ("Yes.", "Hm.")


def test_a_signed_thought_keeps_its_signature() -> None:
    said = answer({"content": [{"type": "reasoning", "text": "Hm.", "signature": "s1"}]})
    assert said.reasoning_signature == "s1"


def test_tags_in_a_text_are_text() -> None:
    assert answer({"content": "<think>Hm.</think>Yes."}).text == "<think>Hm.</think>Yes."


@pytest.mark.parametrize("last", [{"delta": {}}, {"delta": {"content": ""}}, {}])
def test_the_whole_message_once_more_at_the_end_is_not_said_twice(last: Json) -> None:
    final = {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop", **last}
    said = folded(chunk({"content": "Yes."}), {"id": "c1", "choices": [final]})
    assert (said.choices[0].text, said.choices[0].finish_reason) == ("Yes.", "stop")


def test_an_empty_piece_beside_the_message_adds_nothing() -> None:
    assert answer({"content": "Yes."}).text == "Yes."


def test_calls_without_id_on_one_index_are_told_apart_once_the_first_is_whole() -> None:
    said = calls(
        call(index=0, id="", function={"name": "f", "arguments": '{"a":1}'}),
        call(index=0, id="", function={"name": "f", "arguments": '{"a":2}'}),
    )
    assert [(one.name, one.arguments) for one in said] == [("f", '{"a":1}'), ("f", '{"a":2}')]
    assert said[0].id != said[1].id


def test_a_name_said_with_every_piece_is_one_call() -> None:
    said = calls(
        call(index=0, id="c1", function={"name": "f", "arguments": '{"a"'}),
        call(index=0, function={"name": "f", "arguments": ":1}"}),
        call(index=0, function={"name": "f", "arguments": ""}),
    )
    assert [(one.name, one.arguments) for one in said] == [("f", '{"a":1}')]


def test_an_index_may_be_written_as_text_and_may_be_left_out_later() -> None:
    said = calls(call(index="1", id="c1", function={"name": "f", "arguments": "{"}), call(function={"arguments": "}"}))
    assert [(one.id, one.arguments) for one in said] == [("c1", "{}")]


def test_one_call_may_stand_without_its_list() -> None:
    said = answer({"content": None, "tool_calls": {"id": "c1", "function": {"name": "f", "arguments": {"a": 1}}}})
    assert [(one.name, one.arguments) for one in said.tool_calls] == [("f", '{"a":1}')]


def test_a_call_told_in_the_older_form_too_is_one_call() -> None:
    function = {"name": "f", "arguments": "{}"}
    said = answer({"content": None, "tool_calls": [{"id": "c1", "function": function}], "function_call": function})
    assert [one.id for one in said.tool_calls] == ["c1"]


@pytest.mark.parametrize("finish", [None, ""])
def test_calls_without_an_end_end_as_calls(finish: str | None) -> None:
    message = {"content": None, "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}]}
    assert answer(message, finish).finish_reason == "tool_calls"


def test_a_stream_of_calls_without_an_end_ends_as_calls() -> None:
    said = streamed(
        b'{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"c1","function":{"name":"f"}}]}}]}', b"[DONE]"
    )
    assert said.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("eos", "stop"),
        ("COMPLETE", "stop"),
        ("MAX_TOKENS", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("SAFETY", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("sensitive", "content_filter"),
    ],
)
def test_the_end_has_many_words(word: str, reason: str) -> None:
    said = answer({"content": "Yes."}, word)
    assert (said.finish_reason, said.native_finish_reason) == (reason, word)


@pytest.mark.parametrize("word", ["error", "ERROR", "abort", "insufficient_system_resource"])
def test_some_words_for_the_end_are_a_failure(word: str) -> None:
    with pytest.raises(ProviderBroken):
        answer({"content": "Ye"}, word)


USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({**USAGE, "prompt_cache_hit_tokens": 5, "prompt_cache_miss_tokens": 4}, (9, 4, 5, 0, 0)),
        ({**USAGE, "cached_tokens": 5}, (9, 4, 5, 0, 0)),
        ({**USAGE, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2}, (9, 4, 5, 2, 0)),
        ({**USAGE, "prompt_tokens_details": None, "completion_tokens_details": None}, (9, 4, 0, 0, 0)),
        ({**USAGE, "reasoning_tokens": 3}, (9, 4, 0, 0, 3)),
        ({**USAGE, "total_tokens": 16, "completion_tokens_details": {"reasoning_tokens": 3}}, (9, 7, 0, 0, 3)),
        ({"input_tokens": 9, "output_tokens": 4}, (9, 4, 0, 0, 0)),
        (
            {
                "input_tokens": 9,
                "output_tokens": 4,
                "input_tokens_details": {"cached_tokens": 5},
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            (9, 4, 5, 0, 3),
        ),
    ],
)
def test_counts_stand_under_several_names(said: Json, counts: tuple[int, ...]) -> None:
    usage = folded(chunk({"content": "Yes."}, "stop", usage=said)).usage
    assert usage is not None
    told = (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
    assert (*told, usage.cache_write_tokens, usage.reasoning_tokens) == counts


def test_usage_that_groq_puts_apart_counts() -> None:
    said = folded(chunk({"content": "Yes."}, x_groq={"id": "req_1"}), chunk({}, "stop", x_groq={"usage": USAGE}))
    assert said.usage is not None
    assert said.usage.total_tokens == 13


def test_usage_in_every_chunk_is_not_added_up() -> None:
    growing = [chunk({"content": "a"}, usage={**USAGE, "completion_tokens": n}) for n in (1, 2, 3)]
    said = folded(*growing, chunk({}, "stop", usage=None))
    assert said.usage is not None
    assert said.usage.completion_tokens == 3


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "No.", "code": 429}}, ProviderRateLimited),
        ({"error": "No."}, ProviderBroken),
        ({"error": {"code": "invalid_api_key", "message": "No."}, "choices": []}, ProviderAuth),
        ({"object": "error", "message": "No.", "code": 429}, ProviderRateLimited),
        ({"message": "No.", "code": 429}, ProviderRateLimited),
        ({"error": {"message": "No.", "type": "invalid_request_error", "code": "tool_use_failed"}}, ProviderRefused),
        ({"error": {"message": "No.", "status_code": 400}}, ProviderRefused),
        ({"error": "No.", "error_type": "overloaded"}, ProviderOverloaded),
        ({"error": "No.", "error_type": "validation"}, ProviderRefused),
        ({"detail": "No."}, ProviderBroken),
        ({"errors": [{"code": 429, "message": "No."}], "success": False}, ProviderRateLimited),
        ([{"error": {"code": 429, "message": "No."}}], ProviderRateLimited),
    ],
)
def test_an_error_in_an_answer_has_every_shape(body: Any, kind: type[ProviderError]) -> None:
    parser = ChunkParser()
    parser.parse_chunk(chunk({"content": "Ye"}))
    for parse in (parse_completion, parser.parse_chunk):
        with pytest.raises(kind) as caught:
            parse(body)
        assert caught.value.message == "No."


def test_a_filters_verdict_without_a_message_is_no_error() -> None:
    verdict: Json = {"content_filter_results": {"hate": {"filtered": False}}, "finish_reason": None, "index": 0}
    said = folded(
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        chunk({"content": "Yes."}, "stop"),
        {"choices": [{**verdict, "content_filter_offsets": {}}], "object": ""},
    )
    assert (said.choices[0].text, said.choices[0].finish_reason) == ("Yes.", "stop")


def test_a_whole_answer_without_its_reason_stops() -> None:
    assert answer({"content": "Yes."}, "").finish_reason == "stop"
    assert parse_completion(whole({"content": ""}, "stop"))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"city": "Zürich", "at": [1, 2]}, '{"city": "Zürich", "at": [1, 2]}'),
        (42, "42"),
        ({"type": "text", "text": "Yes."}, "Yes."),
        ({"text": "Yes."}, "Yes."),
        (["Ye", {"text": "s."}], "Yes."),
    ],
)
def test_content_may_be_the_json_that_was_asked_for(content: Any, text: str) -> None:
    assert answer({"content": content}).text == text


def test_a_text_beside_the_piece_is_not_said_twice() -> None:
    choice = {"index": 0, "text": "Yes.", "delta": {"content": "Yes."}, "finish_reason": "stop"}
    said = folded({"choices": [choice]}).choices[0]
    assert (said.text, said.extra) == ("Yes.", None)


def test_a_text_without_a_message_is_the_answer() -> None:
    assert parse_completion({"choices": [{"index": 0, "text": "Yes.", "finish_reason": "stop"}]})
    assert folded({"choices": [{"text": "Yes."}]}).choices[0].text == "Yes."
