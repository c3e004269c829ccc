"""The native answer and its stream, field by field as the contract has them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from llm.call import Attempt, Record
from llm.dialects import native
from llm.errors import InvalidField
from llm.types import (
    Choice,
    Completion,
    Event,
    ExtraDelta,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Request,
    Started,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from tests.llm.dialects.records import IDENTITY, a_record

ID = f"gen_{IDENTITY}"


def a_settled_record() -> Record:
    return a_record(
        request_id="mine-1",
        cost=6_000_000,
        latency_ms=812.4,
        first_token_ms=230.2,
        prompt="support",
        prompt_version=3,
        prompt_label="production",
        warnings=["top_k was dropped"],
        attempts=[
            Attempt(
                *("openai", "gpt-x", "error", "provider_busy"),
                latency_ms=12.0,
                model="gpt",
                reason="first choice: order 1",
                started_ms=3.4,
                queue_ms=1.2,
                cost=3_000_000,
                prompt_tokens=20,
                completion_tokens=2,
            ),
            Attempt("openai", "gpt-x"),
        ],
        selection="auto: gpt, the only model that meets the requirements",
        retries=1,
    )


def test_the_whole_answer() -> None:
    choice = Choice(text="Hi", tool_calls=[ToolCall("c1", "f", "{}")], finish_reason="tool_calls")
    completion = Completion([choice], Usage(20, 5, 25), "up-1", "gpt-x-2024")

    assert native.render_completion(Request([]), a_settled_record(), completion) == {
        "id": ID,
        "request_id": "mine-1",
        "provider": "openai",
        "model": "small",
        "upstream_model": "gpt-x-2024",
        "content": "Hi",
        "reasoning": None,
        "reasoning_signature": None,
        "refusal": None,
        "tool_calls": [{"id": "c1", "name": "f", "arguments": "{}"}],
        "finish_reason": "tool_calls",
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "total_tokens": 25,
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "reasoning_tokens": 0,
            "estimated": False,
        },
        "cost": "0.000006",
        "currency": "USD",
        "latency_ms": 812,
        "first_token_ms": 230,
        "metadata": {
            "cache_hit": False,
            "fallback_used": False,
            "retries": 1,
            "warnings": ["top_k was dropped"],
            "prompt": {"name": "support", "version": 3, "label": "production"},
            "selection": "auto: gpt, the only model that meets the requirements",
            "attempts": [
                {
                    "provider": "openai",
                    "model": "gpt",
                    "upstream_model": "gpt-x",
                    "outcome": "error",
                    "error": "provider_busy",
                    "reason": "first choice: order 1",
                    "started_ms": 3,
                    "queue_ms": 1,
                    "latency_ms": 12,
                    "prompt_tokens": 20,
                    "completion_tokens": 2,
                    "cost": "0.000003",
                },
                {
                    "provider": "openai",
                    "model": None,
                    "upstream_model": "gpt-x",
                    "outcome": "ok",
                    "error": None,
                    "reason": None,
                    "started_ms": None,
                    "queue_ms": 0,
                    "latency_ms": 0,
                    "prompt_tokens": 0,
                    "completion_tokens": 0,
                    "cost": None,
                },
            ],
        },
        "created_at": "2026-11-20T12:00:00.000Z",
    }


def test_an_unknown_price_is_null_and_no_cost_is_zero() -> None:
    assert native.render_completion(Request([]), a_record(cost=None), Completion())["cost"] is None
    assert native.render_completion(Request([]), a_record(cost=0), Completion())["cost"] == "0"


def test_usage_we_counted_ourselves_says_so() -> None:
    record = a_record(prompt_tokens=4, total_tokens=4, usage_estimated=True)
    usage = native.render_completion(Request([]), record, Completion())["usage"]

    assert (usage["prompt_tokens"], usage["estimated"]) == (4, True)


def frames(stream: bytes) -> list[tuple[str, Any]]:
    blocks = stream.decode().removesuffix("\n\n").split("\n\n") if stream else []
    lines = [block.split("\n") for block in blocks]
    return [(name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))) for name, data in lines]


def test_a_stream_of_chunks() -> None:
    renderer = native.StreamRenderer(Request([]), a_record())
    first = renderer.render_events([Started("up-1"), ReasoningDelta("Hm"), TextDelta("Hé"), TextDelta('"\n')])
    second = renderer.render_events(
        [ToolCallDelta(0, "c1", "f", "{"), ToolCallDelta(0, arguments="}"), RefusalDelta("No")]
    )

    assert frames(first + second) == [
        ("chunk", {"id": ID, "index": 0, "delta": "", "reasoning_delta": "Hm"}),
        ("chunk", {"id": ID, "index": 1, "delta": "Hé"}),
        ("chunk", {"id": ID, "index": 2, "delta": '"\n'}),
        (
            "chunk",
            {
                "id": ID,
                "index": 3,
                "delta": "",
                "tool_call_delta": {"index": 0, "id": "c1", "name": "f", "arguments": "{"},
            },
        ),
        ("chunk", {"id": ID, "index": 4, "delta": "", "tool_call_delta": {"index": 0, "arguments": "}"}}),
        ("chunk", {"id": ID, "index": 5, "delta": "", "refusal_delta": "No"}),
    ]


@pytest.mark.parametrize(
    "event",
    [
        Started("a"),
        Finished("stop"),
        UsageReport(Usage()),
        ExtraDelta({"logprobs": {}}),
        ReasoningDelta("", "proof"),
        TextDelta("second choice", 1),
    ],
)
def test_what_this_dialect_has_no_word_for_is_no_chunk(event: Event) -> None:
    assert native.StreamRenderer(Request([]), a_record()).render_events([event]) == b""


def test_chunks_for_transports_that_are_no_event_stream() -> None:
    renderer = native.StreamRenderer(Request([]), a_record())

    assert renderer.render_chunks([Started("a"), TextDelta("a"), TextDelta("b")]) == [
        {"id": ID, "index": 0, "delta": "a"},
        {"id": ID, "index": 1, "delta": "b"},
    ]


def test_the_last_event_is_the_whole_answer() -> None:
    record, completion = a_settled_record(), Completion([Choice(text="Hi", finish_reason="stop")])
    done = native.StreamRenderer(Request([]), record).render_done(record, completion)

    assert frames(done) == [("done", {**native.render_completion(Request([]), record, completion), "done": True})]


def test_an_error_takes_the_place_of_the_end() -> None:
    error = InvalidField("n: got 9.", param="n")
    frame = native.StreamRenderer(Request([]), a_record()).render_error(error, ID)
    status, body = native.render_error(error, ID)

    assert frames(frame) == [("error", body)]
    assert (status, body["error"]["param"], body["error"]["request_id"]) == (422, "n", ID)
