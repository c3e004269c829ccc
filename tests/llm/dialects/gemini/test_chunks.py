"""Gemini's answers in all their forms become the same few events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm.dialects.gemini import ChunkParser, StreamParser, parse_completion
from llm.dialects.signatures import sign, unsign
from llm.errors import ProviderAuth, ProviderBroken, ProviderError, ProviderOverloaded, ProviderRateLimited
from llm.fold import Fold
from llm.types import (
    Choice,
    Completion,
    Event,
    ExtraDelta,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCall,
    Usage,
    UsageReport,
)

Json = dict[str, Any]


def chunk(*parts: Json, finish: str | None = None, index: int = 0, **fields: Any) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": list(parts)}, "index": index}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r1", **fields}


def usage(prompt: int, candidates: int, **more: int) -> Json:
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": candidates, "totalTokenCount": prompt + candidates}
    return {"usageMetadata": counts | more}


def events(*chunks: Json) -> list[Event]:
    parser = ChunkParser()
    return [event for one in chunks for event in parser.parse_chunk(one)]


def content(*chunks: Json) -> list[Event]:
    return [event for event in events(*chunks) if not isinstance(event, Started)]


def folded(*chunks: Json) -> Completion:
    fold = Fold()
    fold.add(events(*chunks))
    return fold.completion


def answer(*parts: Json, finish: str | None = "STOP", **fields: Any) -> Choice:
    fold = Fold()
    fold.add(parse_completion(chunk(*parts, finish=finish, **fields)))
    return fold.completion.choices[0]


def test_a_plain_stream() -> None:
    assert events(
        chunk({"text": "Hel"}, **usage(3, 1)),
        chunk({"text": "lo"}, finish="STOP", **usage(3, 2)),
    ) == [
        Started("r1", "gemini-x", None, "gemini"),
        TextDelta("Hel"),
        UsageReport(Usage(3, 1, 4)),
        TextDelta("lo"),
        Finished("stop", native="STOP"),
        UsageReport(Usage(3, 2, 5)),
    ]


def test_an_answer_may_come_as_the_list_of_its_chunks() -> None:
    fold = Fold()
    fold.add(parse_completion([chunk({"text": "Hel"}), chunk({"text": "lo"}, finish="STOP")]))

    assert fold.completion.choices == [Choice("Hello", finish_reason="stop", native_finish_reason="STOP")]


def test_several_candidates_keep_apart() -> None:
    assert content(chunk({"text": "b"}, index=1), chunk({"text": "a"})) == [TextDelta("b", 1), TextDelta("a")]


def test_a_candidate_without_an_index_is_known_by_its_place() -> None:
    bare = [{"content": {"parts": [{"text": text}]}} for text in "ab"]

    assert content({"candidates": bare}) == [TextDelta("a"), TextDelta("b", 1)]


def test_thoughts_are_reasoning() -> None:
    thought = {"text": "Hm.", "thought": True}

    assert content(chunk(thought), chunk({"text": "4"})) == [ReasoningDelta("Hm."), TextDelta("4")]


class TestSignatures:
    def test_a_calls_is_in_its_id(self) -> None:
        call = {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "a+/b="}

        assert answer(call).tool_calls == [ToolCall(sign("c1", "a+/b="), "f", '{"a":1}')]

    @pytest.mark.parametrize(
        "parts",
        [
            [{"text": "4", "thoughtSignature": "s"}],
            [{"text": "4"}, {"text": "", "thoughtSignature": "s"}],
            [{"text": "4"}, {"thoughtSignature": "s"}],
            [{"text": "4"}, {"text": "", "thought": True, "thoughtSignature": "s"}],
        ],
    )
    def test_a_texts_is_that_of_the_reasoning(self, parts: list[Json]) -> None:
        choice = answer(*parts)

        assert (choice.text, choice.reasoning) == ("4", "")
        assert unsign(choice.reasoning_signature or "") == ("", "s")


def test_calls_come_whole_and_each_has_an_id() -> None:
    calls = folded(
        chunk({"functionCall": {"name": "f", "args": {"city": "Paris"}}}),
        chunk({"functionCall": {"name": "g"}}, {"functionCall": {"id": "own", "name": "h", "args": {}}}, finish="STOP"),
    ).choices[0]

    assert [(call.name, call.arguments) for call in calls.tool_calls] == [
        ("f", '{"city":"Paris"}'),
        ("g", "{}"),
        ("h", "{}"),
    ]
    assert len({call.id for call in calls.tool_calls}) == 3
    assert calls.tool_calls[2].id == "own"
    assert (calls.finish_reason, calls.native_finish_reason) == ("tool_calls", "STOP")


def test_what_a_call_says_besides_is_kept() -> None:
    call = answer({"functionCall": {"name": "f", "args": '{"a": 1}', "willContinue": True}}).tool_calls[0]

    assert (call.arguments, call.extra) == ('{"a": 1}', {"willContinue": True})


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("UNEXPECTED_TOOL_CALL", "stop"),
        ("OTHER", "stop"),
        ("NEVER_HEARD_OF", "stop"),
    ],
)
def test_every_reason_has_one_of_ours_and_is_kept(native: str, reason: str) -> None:
    assert content({"candidates": [{"finishReason": native}]}) == [Finished(reason, native=native)]  # type: ignore[arg-type]  # the table holds strings


def test_calls_that_were_cut_are_not_finished() -> None:
    assert answer({"functionCall": {"name": "f"}}, finish="MAX_TOKENS").finish_reason == "length"


def test_the_same_end_counts_once() -> None:
    twice = content(chunk({"text": "a"}, finish="STOP"), chunk(finish="STOP"), chunk(finish="SAFETY"))

    assert twice == [TextDelta("a"), Finished("stop", native="STOP"), Finished("content_filter", native="SAFETY")]


def test_an_unspecified_end_is_none() -> None:
    assert content(chunk({"text": "a"}, finish="FINISH_REASON_UNSPECIFIED")) == [TextDelta("a")]


def test_a_blocked_prompt_is_an_answer_without_content() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, **usage(3, 0)}

    assert parse_completion(body) == [
        Started(None, None, {"promptFeedback": {"blockReason": "SAFETY"}}, "gemini"),
        Finished("content_filter", native="blockReason:SAFETY"),
        UsageReport(Usage(3, 0, 3)),
    ]


def test_feedback_without_a_reason_is_no_end() -> None:
    feedback: Json = {"promptFeedback": {"safetyRatings": [{}]}}

    assert not any(isinstance(event, Finished) for event in events({**chunk({"text": "a"}), **feedback}))
    assert not any(isinstance(event, Finished) for event in events(feedback))


def test_what_only_gemini_knows_is_kept() -> None:
    ran = {"executableCode": {"code": "1"}}
    first = chunk(ran, {"text": "a"}, createTime="2026-01-01")
    first["candidates"][0] |= {"avgLogprobs": -1, "groundingMetadata": {"a": 1}}
    last = chunk({"inlineData": {"data": "QQ=="}}, finish="STOP")
    last["candidates"][0] |= {"avgLogprobs": -2, "safetyRatings": []}
    completion = folded(first, last)

    assert completion.extra == {"createTime": "2026-01-01"}
    assert completion.dialect == "gemini"
    assert completion.choices[0].extra == {
        "parts": [ran, {"inlineData": {"data": "QQ=="}}],
        "avgLogprobs": -2,
        "groundingMetadata": {"a": 1},
    }
    assert completion.choices[0].text == "a"


class TestUsage:
    def test_everything_is_counted_where_others_count_it(self) -> None:
        said = usage(10, 5, thoughtsTokenCount=7, cachedContentTokenCount=4, toolUsePromptTokenCount=20)
        said["usageMetadata"] |= {"totalTokenCount": 42, "trafficType": "ON_DEMAND"}

        assert folded(chunk(**said)).usage == Usage(
            prompt_tokens=30,
            completion_tokens=12,
            total_tokens=42,
            cached_tokens=4,
            reasoning_tokens=7,
            extra={"trafficType": "ON_DEMAND"},
        )

    def test_the_last_word_on_each_count_holds(self) -> None:
        last: Json = {"usageMetadata": {"candidatesTokenCount": 2, "totalTokenCount": 5}}

        assert folded(chunk(**usage(3, 1)), chunk(**last)).usage == Usage(3, 2, 5)

    @pytest.mark.parametrize("counts", [{}, {"trafficType": "ON_DEMAND"}, {"promptTokenCount": "many"}, [1], None])
    def test_no_counts_are_no_usage(self, counts: Any) -> None:
        assert folded(chunk({"text": "a"}, usageMetadata=counts)).usage is None

    def test_a_total_that_is_missing_is_made(self) -> None:
        assert folded(chunk(usageMetadata={"thoughtsTokenCount": 2})).usage == Usage(0, 2, 2, reasoning_tokens=2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "text",
        {"candidates": []},
        {"candidates": [{}]},
        {"candidates": [{"content": {}}]},
        {"candidates": None, **usage(3, 0)},
        {"promptFeedback": {}},
    ],
)
def test_a_whole_answer_that_is_none_is_broken(body: object) -> None:
    with pytest.raises(ProviderBroken):
        parse_completion(body)


def test_an_end_without_content_is_an_answer() -> None:
    assert answer(finish="MAX_TOKENS") == Choice(finish_reason="length", native_finish_reason="MAX_TOKENS")


def test_content_without_an_end_is_one_too() -> None:
    assert answer({"text": "a"}, finish=None).finish_reason == "stop"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 500, "message": "x", "status": "INTERNAL"}, ProviderBroken),
        ({"code": 503, "message": "x", "status": "UNAVAILABLE"}, ProviderOverloaded),
        ({"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}, ProviderRateLimited),
        ({"code": 400, "message": "x", "details": [{"reason": "API_KEY_INVALID"}]}, ProviderAuth),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_an_error_inside_an_answer_is_one(error: Json, kind: type[ProviderError], listed: bool) -> None:
    body: Any = [{"error": error}] if listed else {"error": error}
    parser = StreamParser()
    parser.parse(json.dumps(chunk({"text": "a"})).encode())

    with pytest.raises(kind):
        parser.parse(json.dumps(body).encode())
    with pytest.raises(kind):
        parse_completion(body)


def test_a_stream_has_no_mark_of_its_end() -> None:
    parser = StreamParser()
    parser.parse(json.dumps(chunk({"text": "a"}, finish="STOP")).encode())

    assert not parser.is_done


@pytest.mark.parametrize("payload", [b"[DONE]", b'{"candidates": [', b""])
def test_what_is_no_json_is_broken(payload: bytes) -> None:
    with pytest.raises(ProviderBroken):
        StreamParser().parse(payload)


def test_endless_numbers_are_broken() -> None:
    with pytest.raises(ProviderBroken, match="numbered a candidate"):
        events(chunk(index=10**9))
    with pytest.raises(ProviderBroken, match="more than 1024 tools"):
        events(chunk(*[{"functionCall": {"name": "f"}}] * 1_025))


def test_an_extra_of_a_part_alone_is_no_content() -> None:
    assert content(chunk({"codeExecutionResult": {}})) == [ExtraDelta({"parts": [{"codeExecutionResult": {}}]})]
