"""A streamed answer on its way to a client of Anthropic's, whoever the vendor is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from llm.dialects import anthropic
from llm.dialects.anthropic import StreamRenderer
from llm.errors import ProviderBroken
from llm.fold import Fold
from llm.types import (
    BlockDelta,
    Events,
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
from tests.llm.dialects.records import IDENTITY, a_record


def told(*batches: Events) -> list[Any]:
    fold, renderer = Fold(), StreamRenderer(Request([]), a_record())
    for batch in batches:
        fold.add(batch)
    stream = b"".join([*map(renderer.render_events, batches), renderer.render_done(a_record(), fold.completion)])
    frames = [block.split("\n") for block in stream.decode().split("\n\n")[:-1]]
    events = [orjson.loads(data.removeprefix("data: ")) for _, data in frames]
    assert [name for name, _ in frames] == [f"event: {event['type']}" for event in events]
    return events


def kinds(events: list[Any]) -> list[str]:
    return [event["type"].removeprefix("content_") for event in events]


def test_nothing_comes_before_the_message_begins() -> None:
    renderer = StreamRenderer(Request([]), a_record())

    assert renderer.render_events([Started("up-1", "gpt-x"), UsageReport(Usage(1, 2, 3)), RefusalDelta("No.")]) == b""
    assert renderer.render_events([TextDelta("a")]).startswith(b"event: message_start\n")


def test_a_stream_of_another_dialect_is_cut_into_blocks() -> None:
    events = told(
        [Started("up-1", "gpt-x", {"tier": "a"}, "openai"), ReasoningDelta("Hm.")],
        [TextDelta("a"), TextDelta("b"), ToolCallDelta(0, "c1", "f", '{"a"'), ToolCallDelta(0, arguments=": 1}")],
        [ToolCallDelta(1, "c2", "g"), Finished("tool_calls"), UsageReport(Usage(9, 5, 14, 4))],
    )

    assert kinds(events) == [
        "message_start",
        *("block_start", "block_delta", "block_delta", "block_stop"),
        *("block_start", "block_delta", "block_delta", "block_stop"),
        *("block_start", "block_delta", "block_delta", "block_stop"),
        *("block_start", "block_stop"),
        *("message_delta", "message_stop"),
    ]
    assert events[0]["message"] | {"usage": None} == {
        "id": f"gen_{IDENTITY}",
        "type": "message",
        "role": "assistant",
        "model": "gpt-x",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": None,
    }
    assert [event["content_block"] for event in events if "content_block" in event] == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
        {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
    ]
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None}
    assert (events[-2]["usage"]["input_tokens"], events[-2]["usage"]["cache_read_input_tokens"]) == (5, 4)


def test_a_thought_that_nobody_signed_ends_with_an_empty_signature() -> None:
    events = told([ReasoningDelta("Hm."), TextDelta("a"), Finished("stop")])

    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert deltas[:2] == [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": ""}]


@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
def test_a_signed_thought_ends_with_its_own_signature_alone(dialect: str) -> None:
    events = told([Started(dialect=dialect), ReasoningDelta("Hm."), ReasoningDelta("", "s"), Finished("stop")])

    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert deltas[1:] == [{"type": "signature_delta", "signature": "s"}]


def test_arguments_that_come_late_still_reach_their_call() -> None:
    events = told([ToolCallDelta(0, "c1", "f"), ToolCallDelta(1, "c2", "g"), ToolCallDelta(0, arguments="{}")])

    assert [event["index"] for event in events if event["type"] == "content_block_delta"] == [0]


def test_blocks_of_another_dialect_are_left_out() -> None:
    events = told([Started(dialect="gemini"), BlockDelta("opaque", {"x": 1}), BlockDelta(None, {"citations": [1]})])

    assert kinds(events) == ["message_start", "message_delta", "message_stop"]


def test_choices_beside_the_first_are_left_out() -> None:
    events = told([TextDelta("a"), TextDelta("b", 1), ReasoningDelta("c", choice=1), TextDelta("d")])

    assert [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"] == ["a", "d"]


def test_a_refusal_is_told_at_the_end() -> None:
    events = told([RefusalDelta("I "), RefusalDelta("cannot."), Finished("stop")])

    assert events[-2]["delta"]["stop_reason"] == "refusal"
    assert events[-2]["delta"]["stop_details"] == {"type": "refusal", "category": None, "explanation": "I cannot."}


def test_an_error_has_the_dialects_envelope() -> None:
    renderer = StreamRenderer(Request([]), a_record())

    frame = renderer.render_error(ProviderBroken("It broke."), "gen_1")

    assert frame.startswith(b'event: error\ndata: {"type":"error","error":{"type":"api_error",')
    assert anthropic.heartbeat == b'event: ping\ndata: {"type": "ping"}\n\n'
