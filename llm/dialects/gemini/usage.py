"""Token counts as Gemini reports them: thoughts and tool results beside what others count them in."""

from __future__ import annotations

from typing import Any

from llm.types import JsonObject, Usage

COUNTS = frozenset(
    {
        "promptTokenCount",
        "toolUsePromptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "totalTokenCount",
    }
)


def parse_usage(said: JsonObject) -> Usage:
    """What a tool of the vendor's own brought into the prompt is paid for like the rest of it."""
    prompt = _count(said.get("promptTokenCount")) + _count(said.get("toolUsePromptTokenCount"))
    thoughts = _count(said.get("thoughtsTokenCount"))
    completion = _count(said.get("candidatesTokenCount")) + thoughts
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(said.get("totalTokenCount")) or prompt + completion,
        cached_tokens=_count(said.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        extra={name: value for name, value in said.items() if name not in COUNTS and value} or None,
    )


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
