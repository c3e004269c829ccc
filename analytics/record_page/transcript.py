"""What was asked and answered, as turns of plain text.

The log's JSON may hold anything: what is not understood is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LONGEST_PAGE = 1_000_000
"""Characters of text on one page; what is longer is cut and says so."""


@dataclass
class Block:
    """`kind` says what the text is: text, reasoning, refusal, tool call, image and so on."""

    kind: str
    text: str
    title: str = ""


@dataclass
class Turn:
    who: str
    blocks: list[Block] = field(default_factory=list)
    note: str = ""


def asked(request: Any) -> list[Turn]:
    """The messages, and what else the request says, in one more turn."""
    if not isinstance(request, dict):
        return [] if request is None else [Turn("request", [Block("data", pretty(request))])]
    messages = request.get("messages")
    turns = [message_turn(message) for message in messages] if isinstance(messages, list) else []
    others = {name: value for name, value in request.items() if name != "messages" or not isinstance(value, list)}
    return [*turns, Turn("settings", [Block("data", pretty(others))])] if others else turns


def answered(answer: Any) -> list[Turn]:
    """One turn for each choice."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list):
        return [] if answer is None else [Turn("answer", [Block("data", pretty(answer))])]
    return [choice_turn(choice, number) for number, choice in enumerate(choices)]


def message_turn(message: Any) -> Turn:
    if not isinstance(message, dict):
        return Turn("message", [Block("data", pretty(message))])
    notes = [
        text(message.get("name")),
        text(message.get("tool_call_id")),
        "an error" if message.get("is_error") else "",
    ]
    return Turn(
        text(message.get("role")) or "message",
        [*spoken(message, "reasoning"), *content(message.get("content")), *spoken(message, "refusal"), *calls(message)],
        ", ".join(note for note in notes if note),
    )


def choice_turn(choice: Any, number: int) -> Turn:
    if not isinstance(choice, dict):
        return Turn("answer", [Block("data", pretty(choice))])
    blocks = [*spoken(choice, "reasoning"), *content(choice.get("text")), *spoken(choice, "refusal"), *calls(choice)]
    return Turn("answer" if number == 0 else f"answer {number + 1}", blocks, text(choice.get("finish_reason")))


def spoken(said: dict[str, Any], kind: str) -> list[Block]:
    return [Block(kind, text(said[kind]))] if said.get(kind) else []


def content(said: Any) -> Iterator[Block]:
    for part in said if isinstance(said, list) else [said]:
        match part:
            case None | "":
                pass
            case str():
                yield Block("text", part)
            case {"type": "text", "text": str(words)}:
                yield Block("text", words)
            case {"type": ("image" | "audio" | "file") as kind}:
                yield Block(kind, pretty({name: short(value) for name, value in part.items() if name != "type"}))
            case _:
                yield Block("data", pretty(part))


def calls(said: dict[str, Any]) -> Iterator[Block]:
    for call in said.get("tool_calls") or ():
        if isinstance(call, dict):
            yield Block(
                "tool call", arguments(call.get("arguments")), f"{text(call.get('name'))} {text(call.get('id'))}"
            )
        else:
            yield Block("tool call", pretty(call))


def arguments(said: Any) -> str:
    """What the model wrote, laid out where it is JSON."""
    try:
        return pretty(json.loads(said)) if isinstance(said, str) else pretty(said)
    except ValueError:
        return str(said)


def short(value: Any) -> Any:
    """Media by their beginning: nobody reads base64."""
    return f"{value[:80]}… ({len(value):,} characters)" if isinstance(value, str) and len(value) > 300 else value


def cut(turns: list[Turn], left: int = LONGEST_PAGE) -> list[Turn]:
    """The same turns with `left` characters of text at most, in order."""
    for block in (block for turn in turns for block in turn.blocks):
        more = len(block.text) - left
        if more > 0:
            block.text = f"{block.text[:left]}\n… and {more:,} characters more"
        left = max(-more, 0)
    return turns


def text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else pretty(value)


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
