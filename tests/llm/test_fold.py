"""A stream and its answer are two forms of one thing."""

from __future__ import annotations

import gc
import time

from hypothesis import given

from llm.fold import Fold, merged, replay
from llm.types import (
    Block,
    BlockDelta,
    Choice,
    Completion,
    Events,
    ExtraDelta,
    Finished,
    JsonObject,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from tests.llm.dialects.generated import completions, streams


def folded(*batches: Events) -> Completion:
    fold = Fold()
    for batch in batches:
        fold.add(batch)
    return fold.completion


@given(completion=completions)
def test_a_replayed_answer_folds_to_itself(completion: Completion) -> None:
    assert folded(replay(completion)) == completion


@given(batches=streams())
def test_it_does_not_matter_how_a_stream_is_cut(batches: list[Events]) -> None:
    whole = folded([event for batch in batches for event in batch])

    assert folded(*batches) == whole
    assert folded(replay(whole)) == whole


def test_a_silent_choice_is_replayed_too() -> None:
    completion = Completion(choices=[Choice(text="a", finish_reason="stop"), Choice()])

    assert folded(replay(completion)) == completion


def test_pieces_are_joined() -> None:
    completion = folded(
        [Started("up-1", "gpt-x"), ReasoningDelta("Hm"), ReasoningDelta("m.", "proof")],
        [TextDelta("Hel"), TextDelta("lo"), TextDelta("Bye", choice=1)],
        [ToolCallDelta(0, "c1", "f", "{"), ToolCallDelta(1, "c2", "g"), ToolCallDelta(0, arguments="}")],
        [RefusalDelta("No", choice=1), Finished("stop", native="eos"), UsageReport(Usage(1, 2, 3))],
        [UsageReport(Usage(4, 5, 9))],
    )

    assert completion == Completion(
        choices=[
            Choice(
                text="Hello",
                reasoning="Hmm.",
                reasoning_signature="proof",
                tool_calls=[ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "")],
                finish_reason="stop",
                native_finish_reason="eos",
            ),
            Choice(text="Bye", refusal="No"),
        ],
        usage=Usage(4, 5, 9),
        upstream_id="up-1",
        upstream_model="gpt-x",
    )


def test_what_is_said_later_about_the_answer_is_added() -> None:
    later = folded([Started("up-1", "gpt-x", {"tier": "a"}, "openai")], [Started(extra={"citations": ["b"]})])

    assert later == Completion([], None, "up-1", "gpt-x", {"tier": "a", "citations": ["b"]}, "openai")


def test_blocks_remember_the_order_in_which_things_were_said() -> None:
    completion = folded(
        [BlockDelta("reasoning"), ReasoningDelta("Hm"), ReasoningDelta(".", "proof-1")],
        [
            BlockDelta("text"),
            TextDelta("a"),
            BlockDelta("opaque", {"type": "search"}),
            BlockDelta(None, {"found": [1]}),
        ],
        [BlockDelta(None, {"found": [2]}), BlockDelta("tool_call"), ToolCallDelta(0, "c1", "f", "{}")],
        [BlockDelta("reasoning"), ReasoningDelta("So", "proof-2"), BlockDelta("text"), TextDelta("b"), TextDelta("c")],
        [BlockDelta("text", {"citations": [1]})],
    )

    assert completion.choices == [
        Choice(
            text="abc",
            reasoning="Hm.So",
            reasoning_signature="proof-2",
            tool_calls=[ToolCall("c1", "f", "{}")],
            blocks=[
                Block("reasoning", 3, "proof-1"),
                Block("text", 1),
                Block("opaque", extra={"type": "search", "found": [1, 2]}),
                Block("tool_call"),
                Block("reasoning", 2, "proof-2"),
                Block("text", 2),
                Block("text", 0, extra={"citations": [1]}),
            ],
        )
    ]
    assert folded(replay(completion)) == completion


def test_json_that_comes_in_pieces_is_joined() -> None:
    written = folded([BlockDelta("opaque", {"a": 1}), BlockDelta(None, {"partial_json": '{"b'})])
    written = folded(replay(written), [BlockDelta(None, {"partial_json": '": 2}'})])

    assert written.choices[0].blocks == [Block("opaque", extra={"a": 1, "partial_json": '{"b": 2}'})]


def test_a_batch_says_whether_it_held_content() -> None:
    fold = Fold()

    assert not fold.add([])
    assert not fold.add([Started("a"), UsageReport(Usage()), Finished("stop"), ExtraDelta({"logprobs": {}})])
    assert fold.add([Started("a"), TextDelta("a"), Finished("stop")])
    assert fold.add([ToolCallDelta(0, "c1", "f")])
    assert fold.add([ReasoningDelta("a"), Finished("stop")])
    assert fold.add([RefusalDelta("a")])
    assert fold.add([BlockDelta("opaque", {"type": "search"})])


def test_the_answer_so_far_can_be_asked_for_at_any_moment() -> None:
    fold = Fold()
    fold.add([TextDelta("a")])
    before = fold.completion.choices
    fold.add([TextDelta("b")])

    assert (before, fold.completion.choices) == ([Choice(text="a")], [Choice(text="ab")])


def test_extras_grow() -> None:
    pieces: list[JsonObject] = [
        {"logprobs": {"content": [1]}, "message": {"audio": {"id": "a", "data": "QQ", "expires_at": 1}}},
        {"logprobs": {"content": [2]}, "message": {"audio": {"data": "RQ", "expires_at": 2}}},
        {"seed": 1, "logprobs": None},
    ]

    assert merged(pieces) == {
        "logprobs": {"content": [1, 2]},
        "message": {"audio": {"id": "a", "data": "QQRQ", "expires_at": 2}},
        "seed": 1,
    }
    assert merged([]) is None


def test_a_long_answer_costs_its_length_only() -> None:
    """Ten times as long may cost ten times as much and some noise, not a hundred times. What a collector of garbage has
    to look through is what all tests before have left."""
    gc.disable()
    try:
        assert cost_of(100_000) < 40 * cost_of(10_000)
    finally:
        gc.enable()


def cost_of(batches: int) -> float:
    """CPU seconds of this thread, at the best of three."""
    costs = []
    for _ in range(3):
        fold = Fold()
        began = time.thread_time()
        for _ in range(batches):
            fold.add([ToolCallDelta(0, arguments="0123456789"), TextDelta("0123456789"), ExtraDelta({"logprobs": [1]})])
        assert len(fold.completion.choices[0].text) == batches * 10
        costs.append(time.thread_time() - began)
    return min(costs)
