"""The frames of a streamed answer, as the SDKs and many clients without one count on them."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from openai.types.chat import ChatCompletionChunk

from llm.dialects.openai import StreamRenderer
from llm.errors import ProviderOverloaded
from llm.fold import Fold
from llm.types import (
    Completion,
    Events,
    ExtraDelta,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Request,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from tests.llm.dialects.generated import streams
from tests.llm.dialects.records import IDENTITY, a_record

Json = dict[str, Any]


def stream(*batches: Events, **asked: Any) -> str:
    record = a_record(model="small", prompt_tokens=7, total_tokens=7)
    renderer = StreamRenderer(Request([], **asked), record)
    fold = Fold()
    frames = []
    for batch in batches:
        fold.add(batch)
        frames.append(renderer.render_events(batch))
    return b"".join([*frames, renderer.render_done(record, fold.completion)]).decode()


def chunks(*batches: Events, **asked: Any) -> list[Json]:
    *blocks, done, rest = stream(*batches, **asked).split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [orjson.loads(block.removeprefix("data: ")) for block in blocks]


def deltas(*batches: Events, **asked: Any) -> list[Json]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(*batches, **asked) if chunk["choices"]]


def test_a_plain_stream() -> None:
    envelope = f'"id":"gen_{IDENTITY}","object":"chat.completion.chunk","created":1795176000,"model":"gpt-x"'
    role = '{"role":"assistant","content":"","refusal":null}'

    said = stream([Started("up-1", "gpt-x"), TextDelta("Hé")], [Finished("stop"), UsageReport(Usage(1, 2, 3))])

    assert said.removesuffix("data: [DONE]\n\n") == "".join(
        f'data: {{{envelope},"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}]}}\n\n'
        for delta, reason in ((role, "null"), ('{"content":"Hé"}', "null"), ("{}", '"stop"'))
    )
    assert said.endswith("data: [DONE]\n\n")


@given(batches=streams())
def test_every_stream_keeps_the_rules(batches: list[Events]) -> None:
    """One id, time and model; role first, in each choice; one finish reason, last, with an empty delta."""
    sent = chunks(*batches, include_usage=True)
    *answer, usage = sent

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in sent}) == 1
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] >= 0
    assert all(len(chunk["choices"]) == 1 and chunk["usage"] is None for chunk in answer)
    for index in {chunk["choices"][0]["index"] for chunk in answer}:
        first, *between, last = [c["choices"][0] for c in answer if c["choices"][0]["index"] == index]
        assert first["delta"]["role"] == "assistant"
        assert all("role" not in choice["delta"] for choice in between)
        assert all(choice["finish_reason"] is None for choice in [first, *between])
        assert (last["delta"], last["finish_reason"] is None) == ({}, False)


@given(batches=streams())
def test_the_sdks_own_types_accept_every_frame(batches: list[Events]) -> None:
    for chunk in chunks(*batches, include_usage=True):
        if all(call.get("type") != "custom" and "custom" not in call for call in _calls(chunk)):
            ChatCompletionChunk.model_validate(chunk)


def _calls(chunk: Json) -> list[Json]:
    return [call for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", ())]


def test_usage_is_told_only_to_those_who_ask() -> None:
    plain = chunks([TextDelta("a"), UsageReport(Usage(1, 2, 3))])

    assert all(chunk["choices"] and "usage" not in chunk for chunk in plain)


def test_without_the_vendors_usage_ours_is_told() -> None:
    assert chunks([TextDelta("a")], include_usage=True)[-1]["usage"]["prompt_tokens"] == 7


def test_all_frames_name_one_model() -> None:
    said = chunks([TextDelta("a")], [Started("up-2", "gpt-late"), TextDelta("b")])

    assert {chunk["model"] for chunk in said} == {"small"}


def test_a_failed_attempt_before_the_first_content_leaves_no_trace() -> None:
    said = chunks([Started("up-1", "gpt-x")], [Started("up-2", "gpt-y"), TextDelta("b")])

    assert {chunk["model"] for chunk in said} == {"gpt-y"}


def test_finish_reasons_wait_for_the_end() -> None:
    said = chunks([TextDelta("a"), Finished("stop"), TextDelta("b"), Finished("tool_calls")])

    assert [chunk["choices"][0]["finish_reason"] for chunk in said] == [None, None, None, "tool_calls"]


def test_calls_are_named_once() -> None:
    begun = ToolCallDelta(0, "c1", "f", "")

    assert deltas([begun, ToolCallDelta(0, arguments="{}"), ToolCallDelta(1, "c2", "g", "4", "custom")])[1:-1] == [
        {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
        {"tool_calls": [{"index": 1, "id": "c2", "type": "custom", "custom": {"name": "g", "input": "4"}}]},
    ]


def test_clients_of_the_older_functions_get_one_function_call() -> None:
    batch: Events = [
        ToolCallDelta(0, "c1", "f", ""),
        ToolCallDelta(0, arguments="{}"),
        ToolCallDelta(1, "c2", "g", "{}"),
        Finished("tool_calls"),
    ]
    said = chunks(batch, legacy_functions=True)

    assert [chunk["choices"][0]["delta"] for chunk in said[1:]] == [
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {},
    ]
    assert said[-1]["choices"][0]["finish_reason"] == "function_call"


def test_reasoning_and_refusals() -> None:
    assert deltas([ReasoningDelta("Hm"), RefusalDelta("No.")])[1:-1] == [
        {"reasoning_content": "Hm"},
        {"refusal": "No."},
    ]


def test_extras_of_this_dialect_survive() -> None:
    logprobs = {"content": [{"token": "a"}]}
    said = chunks(
        [Started("up-1", "gpt-x", {"service_tier": "flex"}, "openai"), TextDelta("a")],
        [ExtraDelta({"logprobs": logprobs, "message": {"audio": {"id": "x"}}})],
    )

    assert {chunk["service_tier"] for chunk in said} == {"flex"}
    assert said[2]["choices"] == [
        {"index": 0, "delta": {"audio": {"id": "x"}}, "logprobs": logprobs, "finish_reason": None}
    ]


def test_extras_of_another_dialect_do_not() -> None:
    said = chunks([Started("up-1", "claude", {"container": {}}, "anthropic"), ExtraDelta({"citations": []})])

    assert all("container" not in chunk for chunk in said)
    assert [chunk["choices"][0]["delta"] for chunk in said if chunk["choices"][0]["finish_reason"] is None] == [
        {"role": "assistant", "content": "", "refusal": None}
    ]


def test_a_batch_without_news_is_no_frame() -> None:
    assert StreamRenderer(Request([]), a_record()).render_events([Started("a"), Finished("stop")]) == b""


def test_an_answer_without_choices_still_ends() -> None:
    assert StreamRenderer(Request([]), a_record()).render_done(a_record(), Completion()) == b"data: [DONE]\n\n"


def test_an_error_is_a_frame_that_sdks_raise() -> None:
    frame = StreamRenderer(Request([]), a_record()).render_error(ProviderOverloaded("Busy."), "gen_1")

    assert orjson.loads(frame.removeprefix(b"data: "))["error"]["message"] == "Busy."
    assert frame.endswith(b"\n\n")
