"""What Claude Code asks of a gateway, in the shape it asks it: to a Claude all goes on as it came, and any other vendor
can stand in."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.llm.surfaces.house import ANTHROPIC, House, frames
from tests.llm.surfaces.registry import IN_TURNS, VENDORS
from tests.upstream.received import Received

HEADERS = {
    "accept": "application/json",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27",
    "anthropic-dangerous-direct-browser-access": "true",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-cli/2.1.0 (external, cli)",
    "x-app": "cli",
    "x-stainless-helper-method": "stream",
    "x-stainless-lang": "js",
    "x-stainless-retry-count": "0",
    "x-stainless-timeout": "600",
}
FORWARDED = ("anthropic-beta", "anthropic-version")
USER = json.dumps({"device_id": "d" * 64, "account_uuid": "a" * 36, "session_id": "s" * 36})
CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
REMINDER = "<system-reminder>\nToday is a good day – für alle.\n</system-reminder>"


def tool(number: int) -> dict[str, Any]:
    return {
        "name": f"mcp__server-{number % 7}__do_{number}",
        "description": f"Does it.\n\nUsage:\n- number {number}",
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"path": {"description": "Where", "type": "string"}, "all": {"default": False}},
            "required": ["path"],
            "additionalProperties": False,
        },
        "eager_input_streaming": True,
    }


def asked(model: str) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": REMINDER}, {"type": "text", "text": "Say it again", **CACHED}],
            }
        ],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.0.abc; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are a careful programmer.", **CACHED},
        ],
        "tools": [*(tool(number) for number in range(60)), {"type": "web_search_20250305", "name": "web_search"}],
        "metadata": {"user_id": USER},
        "max_tokens": 32_000,
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": True,
    }


def turn(answer: httpx2.Response) -> dict[str, Any]:
    """The message that a client makes of a stream, to hand it back."""
    blocks: list[dict[str, Any]] = []
    written: dict[int, str] = {}
    for _, event in frames(answer.text):
        match event:
            case {"type": "content_block_start", "content_block": block}:
                blocks.append(block)
            case {
                "type": "content_block_delta",
                "index": at,
                "delta": {"type": "input_json_delta", "partial_json": part},
            }:
                written[at] = written.get(at, "") + part
            case {"type": "content_block_delta", "index": at, "delta": {"type": _, **rest}}:
                for name, text in rest.items():
                    blocks[at][name] += text
    for at, arguments in written.items():
        blocks[at]["input"] = json.loads(arguments)
    return {"role": "assistant", "content": blocks}


def received(house: House, answer: httpx2.Response) -> Received:
    assert answer.status_code == 200, answer.text
    (found,) = [one for one in house.vendor.requests if one.id == answer.headers["x-request-id"]]
    return found


def in_order(body: Any) -> str:
    return json.dumps(body)


class TestClaude:
    def test_a_stream_is_asked_for_as_it_came(self, house: House) -> None:
        sent = received(house, house.post(f"{ANTHROPIC}?beta=true", asked("claude"), headers=HEADERS))

        assert in_order(sent.json) == in_order(asked("claude") | {"model": "claude-haiku-4-5"})
        assert {name: sent.headers[name] for name in FORWARDED} == {name: HEADERS[name] for name in FORWARDED}

    def test_the_turns_after_a_call_go_on_as_they_came(self, house: House) -> None:
        body = asked(f"anthropic/{IN_TURNS}")
        told = turn(house.post(f"{ANTHROPIC}?beta=true", body, headers=HEADERS))
        result = {"tool_use_id": told["content"][-1]["id"], "type": "tool_result", "content": "done", **CACHED}
        body["messages"] += [told, {"role": "user", "content": [result]}]

        sent = received(house, house.post(f"{ANTHROPIC}?beta=true", body, headers=HEADERS))

        assert [block["type"] for block in told["content"]] == ["thinking", "tool_use"]
        assert in_order(sent.json) == in_order(body | {"model": IN_TURNS})

    def test_tokens_are_counted_of_what_came(self, house: House) -> None:
        named = ("model", "messages", "system", "tools", "thinking", "context_management")
        body = {name: value for name, value in asked("claude").items() if name in named}

        answer = house.post(f"{ANTHROPIC}/count_tokens?beta=true", body, headers=HEADERS)

        assert answer.json() == {"input_tokens": 19}
        sent = house.vendor.requests[-1]
        assert in_order(sent.json) == in_order(body | {"model": "claude-haiku-4-5"})
        assert {name: sent.headers[name] for name in FORWARDED} == {name: HEADERS[name] for name in FORWARDED}

    def test_the_record_knows_who_asked(self, house: House) -> None:
        answer = house.post(f"{ANTHROPIC}?beta=true", asked("claude"), headers=HEADERS)

        assert house.row(answer.headers["x-request-id"])["user_id"] == json.loads(USER)


class TestAnyOther:
    @pytest.mark.parametrize("kind", VENDORS)
    def test_a_vendor_stands_in_for_a_call_and_its_result(self, house: House, kind: str) -> None:
        body = asked(f"{kind}/{IN_TURNS}")
        told = turn(house.post(f"{ANTHROPIC}?beta=true", body, headers=HEADERS))
        thought, call = told["content"]
        result = {"tool_use_id": call["id"], "type": "tool_result", "content": "done", **CACHED}
        body["messages"] += [told, {"role": "user", "content": [result]}]

        answer = house.post(f"{ANTHROPIC}?beta=true", body, headers=HEADERS)

        assert (thought["thinking"], call["name"], call["input"]["path"]) == ("Let me think.", tool(0)["name"], "text")
        assert [block["type"] for block in turn(answer)["content"]] == ["thinking", "text"]
        assert turn(answer)["content"][1]["text"].endswith("Say it again")

    @pytest.mark.parametrize("kind", VENDORS)
    def test_tokens_are_counted_for_any_vendor(self, house: House, kind: str) -> None:
        answer = house.post(f"{ANTHROPIC}/count_tokens?beta=true", asked(f"{kind}/{IN_TURNS}"), headers=HEADERS)

        assert answer.json()["input_tokens"] > 0
