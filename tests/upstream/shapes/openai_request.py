"""What a chat request must look like for OpenAI to take it, and what it says."""

from __future__ import annotations

from typing import Any

from tests.upstream.answers import JsonObject, split_words

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


def complaint(body: Any) -> str | None:
    """What OpenAI would refuse with a 400; None where all is well. Unknown fields are let through."""
    if not isinstance(body, dict):
        return "We could not parse the JSON body of your request."
    if not isinstance(body.get("model"), str):
        return "you must provide a model parameter"
    if body.get("stream_options") and not body.get("stream"):
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    return _wrong_messages(body.get("messages"))


def _wrong_messages(messages: Any) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "Invalid 'messages': expected a non-empty array."
    called: set[str] = set()
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"Invalid value for 'messages[{number}].role'."
        called |= {call["id"] for call in message.get("tool_calls") or []}
        if message["role"] == "tool" and message.get("tool_call_id") not in called:
            return f"Invalid 'messages[{number}]': a 'tool' message must answer a preceding message with 'tool_calls'."
    return None


def text_of(message: JsonObject) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def prompt_tokens(messages: list[JsonObject]) -> int:
    return sum(len(split_words(text_of(message))) for message in messages)
