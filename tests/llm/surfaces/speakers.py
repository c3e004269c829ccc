"""Both official SDKs asked alike, and what they understood of an answer in words that both share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.llm.surfaces import claude, sdk
from tests.llm.surfaces.house import House

PIXEL = "iVBORw0KGgo="


@dataclass(slots=True)
class Heard:
    """`calls` are names and arguments; `usage`: prompt, cached, completion and reasoning tokens; `turn` is the answer
    as it goes back with the next question."""

    id: str
    text: str
    thought: str
    calls: list[tuple[str, Any]]
    stop: str
    usage: tuple[int, int, int, int]
    turn: dict[str, Any]


class Speaker(Protocol):
    def hear(self, model: str, messages: list[Any], *, stream: bool = False, tools: bool = False) -> Heard: ...

    def picture(self, text: str) -> dict[str, Any]:
        """A question about an image."""

    def results(self, heard: Heard, text: str) -> list[dict[str, Any]]:
        """The answer and, to each of its calls, `text`."""


class OpenAISpeaker:
    def __init__(self, house: House, side: str) -> None:
        self._sdk = sdk.sdk_with("main", house, side)

    def hear(self, model: str, messages: list[Any], *, stream: bool = False, tools: bool = False) -> Heard:
        asked: dict[str, Any] = {"model": model, "messages": messages} | ({"tools": [sdk.WEATHER]} if tools else {})
        if stream:
            answer = self._sdk.helped(**asked, stream_options={"include_usage": True})[1]
        else:
            answer = self._sdk.create(**asked)
        (choice,) = answer.choices
        turn, usage = choice.message.to_dict(), answer.usage
        return Heard(
            id=answer.id,
            text=turn.get("content") or "",
            thought=turn.get("reasoning_content") or "",
            calls=[(one.function.name, json.loads(one.function.arguments)) for one in choice.message.tool_calls or ()],
            stop=choice.finish_reason,
            usage=(
                usage.prompt_tokens,
                usage.prompt_tokens_details.cached_tokens,
                usage.completion_tokens,
                usage.completion_tokens_details.reasoning_tokens,
            ),
            turn=turn,
        )

    def picture(self, text: str) -> dict[str, Any]:
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        return {"role": "user", "content": [image, {"type": "text", "text": text}]}

    def results(self, heard: Heard, text: str) -> list[dict[str, Any]]:
        told = [{"role": "tool", "tool_call_id": one["id"], "content": text} for one in heard.turn["tool_calls"]]
        return [heard.turn, *told]


class AnthropicSpeaker:
    def __init__(self, house: House, side: str) -> None:
        self._sdk = claude.claude_with("main", house, side)

    def hear(self, model: str, messages: list[Any], *, stream: bool = False, tools: bool = False) -> Heard:
        asked: dict[str, Any] = {"model": model, "messages": messages} | ({"tools": [claude.WEATHER]} if tools else {})
        answer = self._sdk.helped(**asked)[1] if stream else self._sdk.create(**asked)
        usage = answer.usage
        return Heard(
            id=answer.id,
            text="".join(block.text for block in answer.content if block.type == "text"),
            thought="".join(block.thinking for block in answer.content if block.type == "thinking"),
            calls=[(block.name, block.input) for block in answer.content if block.type == "tool_use"],
            stop=answer.stop_reason,
            usage=(
                usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
                usage.cache_read_input_tokens,
                usage.output_tokens,
                usage.output_tokens_details.thinking_tokens,
            ),
            turn={"role": "assistant", "content": [block.to_dict() for block in answer.content]},
        )

    def picture(self, text: str) -> dict[str, Any]:
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
        return {"role": "user", "content": [image, {"type": "text", "text": text}]}

    def results(self, heard: Heard, text: str) -> list[dict[str, Any]]:
        ids = [block["id"] for block in heard.turn["content"] if block["type"] == "tool_use"]
        told = [{"type": "tool_result", "tool_use_id": one, "content": text} for one in ids]
        return [heard.turn, {"role": "user", "content": told}]


SPEAKERS: dict[str, Callable[[House, str], Speaker]] = {"openai": OpenAISpeaker, "anthropic": AnthropicSpeaker}
