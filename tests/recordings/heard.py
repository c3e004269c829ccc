"""An answer of the gateway's, in the words of the recordings' expectations, whichever dialect it came in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's words for the end, in OpenAI's."""


@dataclass(slots=True)
class Heard:
    """The first choice. `calls` are names and arguments; `usage` counts as OpenAI does; `error` is the code of ours."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: list[list[str]] = field(default_factory=list)
    finish: str | None = None
    usage: dict[str, int] | None = None
    error: str | None = None


def hear_openai(body: str) -> Heard:
    heard = Heard()
    for told in _told(body):
        if _is_error(told, heard):
            continue
        if usage := told.get("usage"):
            heard.usage = _openai_usage(usage)
        for choice in told["choices"]:
            if choice["index"]:
                continue
            heard.finish = choice["finish_reason"] or heard.finish
            _hear_message(choice.get("message") or choice["delta"], heard)
    return heard


def _hear_message(said: dict[str, Any], heard: Heard) -> None:
    heard.text += said.get("content") or ""
    heard.reasoning += said.get("reasoning_content") or ""
    heard.refusal += said.get("refusal") or ""
    calls = list(said.get("tool_calls") or ())
    if older := said.get("function_call"):
        calls.append({"index": 0, "function": older})
    for place, call in enumerate(calls):
        inside = call.get("function") or call.get("custom") or {}
        _add_call(heard, call.get("index", place), inside.get("name") or "", _arguments(inside))


def _arguments(inside: dict[str, Any]) -> str:
    return str(inside.get("arguments") or inside.get("input") or "")


def _add_call(heard: Heard, index: int, name: str, arguments: str) -> None:
    while len(heard.calls) <= index:
        heard.calls.append(["", ""])
    call = heard.calls[index]
    call[0] += name
    call[1] += arguments


def _openai_usage(usage: dict[str, Any]) -> dict[str, int]:
    prompt, completion = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    return {
        "prompt": usage["prompt_tokens"],
        "completion": usage["completion_tokens"],
        "cached": prompt["cached_tokens"],
        "cache_write": prompt["cache_write_tokens"],
        "reasoning": completion["reasoning_tokens"],
    }


def hear_anthropic(body: str) -> Heard:
    heard = Heard()
    for told in _told(body):
        if _is_error(told, heard):
            continue
        match told["type"]:
            case "message":
                _hear_ending(told, told["usage"], heard)
                for index, block in enumerate(told["content"]):
                    _hear_block(block, index, heard)
            case "message_delta":
                _hear_ending(told["delta"], told["usage"], heard)
            case "content_block_start":
                _hear_block(told["content_block"], told["index"], heard)
            case "content_block_delta":
                _hear_block(told["delta"], told["index"], heard)
    heard.calls = [call for call in heard.calls if call[0]]
    return heard


def _hear_block(block: dict[str, Any], index: int, heard: Heard) -> None:
    heard.text += block.get("text") or ""
    heard.reasoning += block.get("thinking") or ""
    if block["type"] == "tool_use":
        _add_call(heard, index, block["name"], json.dumps(block["input"]) if block["input"] else "")
    elif block["type"] == "input_json_delta":
        _add_call(heard, index, "", block["partial_json"])


def _hear_ending(message: dict[str, Any], usage: dict[str, Any], heard: Heard) -> None:
    heard.finish = STOPS.get(message["stop_reason"], message["stop_reason"])
    cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    heard.usage = {
        "prompt": usage.get("input_tokens", 0) + cached + written,
        "completion": usage["output_tokens"],
        "cached": cached,
        "cache_write": written,
    }


def _is_error(told: dict[str, Any], heard: Heard) -> bool:
    if error := told.get("error"):
        heard.error = error.get("code") or error["type"]
    return bool(error)


def _told(body: str) -> Iterator[dict[str, Any]]:
    """The JSON of an answer, or of each event of a stream."""
    if body.startswith("{"):
        yield json.loads(body)
        return
    for line in body.split("\n"):
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))
