"""What a message request must look like for Anthropic to take it, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.upstream.answers import JsonObject, split_words

ROLES = {"user", "assistant", "system"}
SAMPLING = ("temperature", "top_p", "top_k")
WITHOUT_SAMPLING = "2026-10-21"
"""The first version of the API that refuses sampling parameters."""

FIELDS = {
    *("model", "messages", "system", "max_tokens", "metadata", "stop_sequences", "stream", *SAMPLING),
    *("tools", "tool_choice", "thinking", "service_tier", "cache_control", "container", "output_config"),
    *("inference_geo", "speed", "diagnostics"),
}
"""Others are refused, but of a client that names a beta."""


def complaint(body: Any, headers: Mapping[str, str], *, counts: bool) -> str | None:
    """What Anthropic would refuse with a 400; None where all is well. `counts`: only the tokens are asked for."""
    if not isinstance(body, dict):
        return "The request body is not valid JSON."
    if "anthropic-version" not in headers:
        return "anthropic-version: header is required"
    wanted = ("model", "messages") if counts else ("model", "messages", "max_tokens")
    if missing := [name for name in wanted if name not in body]:
        return f"{missing[0]}: Field required"
    if "anthropic-beta" not in headers and (unknown := sorted(body.keys() - FIELDS)):
        return f"{unknown[0]}: Extra inputs are not permitted"
    return _wrong_sampling(body, headers) or _wrong_messages(body["messages"])


def _wrong_sampling(body: JsonObject, headers: Mapping[str, str]) -> str | None:
    said = [name for name in SAMPLING if body.get(name) is not None]
    if said and headers["anthropic-version"] >= WITHOUT_SAMPLING:
        return f"{said[0]}: this parameter is not supported."
    if (body.get("temperature") or 0) > 1:
        return "temperature: range: 0..1"
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return None
    if thinking["budget_tokens"] < 1024 or thinking["budget_tokens"] >= body.get("max_tokens", 10**9):
        return "`max_tokens` must be greater than `thinking.budget_tokens`, which is at least 1024."
    return "`temperature` may only be set to 1 when thinking is enabled." if body.get("temperature", 1) != 1 else None


def _wrong_messages(messages: Any) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    called: set[str] = set()
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"messages.{number}: Input does not match the expected shape."
        blocks = blocks_of(message.get("content"))
        answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if unasked := sorted(answered - called):
            return f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {unasked[0]}"
        if missed := sorted(called - answered):
            return f"messages.{number}: `tool_use` ids were found without `tool_result` blocks after: {missed[0]}"
        if any(block["type"] == "thinking" and not block.get("signature") for block in blocks):
            return f"messages.{number}: Invalid `signature` in `thinking` block"
        if any(block["type"] == "text" and not block["text"] for block in blocks):
            return "messages: text content blocks must be non-empty"
        called = {block["id"] for block in blocks if block["type"] == "tool_use"}
    return None


def blocks_of(content: Any) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


def text_of(content: Any) -> str:
    return "".join(block["text"] for block in blocks_of(content) if block["type"] == "text")


def prompt_tokens(body: JsonObject) -> int:
    contents = [body.get("system"), *(message["content"] for message in body["messages"])]
    return sum(len(split_words(text_of(content))) for content in contents)
