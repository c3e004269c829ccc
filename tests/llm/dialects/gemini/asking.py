"""Requests, and what they become towards Google."""

from __future__ import annotations

from typing import Any

from llm.dialects import gemini
from llm.types import (
    Message,
    Options,
    Part,
    Request,
    Role,
    Text,
    ToolCall,
)

Json = dict[str, Any]
PNG = "data:image/png;base64,iVBORw0KGgo="
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}


def render(
    *messages: Message, model: str = "gemini-2.5-flash", max_tokens: int | None = None, **fields: Any
) -> tuple[Json, list[str]]:
    dropped: list[str] = []
    request = Request(list(messages) or [said("user", Text("Hello"))], **fields)
    body = gemini.render_request(request, model=model, max_tokens=max_tokens, dropped=dropped)
    return body, dropped


def said(role: Role, *parts: Part, **fields: Any) -> Message:
    return Message(role, list(parts), **fields)


def contents(*messages: Message, model: str = "gemini-2.5-flash") -> list[Json]:
    body, dropped = render(*messages, model=model)
    assert dropped == []
    found: list[Json] = body["contents"]
    return found


def config(model: str = "gemini-2.5-flash", max_tokens: int | None = None, **options: Any) -> Json:
    body, dropped = render(model=model, max_tokens=max_tokens, options=Options(**options))
    assert dropped == []
    found: Json = body.get("generationConfig", {})
    return found


def asked(call: str, name: str = "f", arguments: str = "{}") -> Message:
    return said("assistant", ToolCall(call, name, arguments))


def result(call: str, text: str, **fields: Any) -> Message:
    return said("tool", Text(text), tool_call_id=call, **fields)
