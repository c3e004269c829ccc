"""Answers as they are kept, and conversations and messages as the API tells them."""

from __future__ import annotations

from datetime import UTC, datetime

from conversations.models import Conversation, Message, MessageStatus
from conversations.names import CONVERSATION, MESSAGE, public
from llm.call import Call, public_id
from llm.dialects import native
from llm.dialects.errors import error_fields
from llm.dialects.native.parts import render_message
from llm.errors import Unavailable
from llm.types import Choice, Completion, JsonObject, Part, Reasoning, Refusal, Text, ToolCall
from llm.types import Message as Said

SAID = ("content", "reasoning", "refusal", "tool_calls")
"""The fields of a native answer that its message keeps."""
FACTS = ("provider", "model", "finish_reason", "usage", "cost")


def spoken(choice: Choice) -> JsonObject:
    """The answer as a message."""
    parts: list[Part] = [Text(choice.text)] if choice.text else []
    if choice.reasoning or choice.reasoning_signature:
        parts.append(Reasoning(choice.reasoning, choice.reasoning_signature))
    if choice.refusal:
        parts.append(Refusal(choice.refusal))
    return render_message(Said("assistant", [*parts, *choice.tool_calls]))


def choice_of(said: JsonObject) -> Choice:
    calls = [ToolCall(call["id"], call["name"], call["arguments"]) for call in said.get("tool_calls", ())]
    return Choice(said.get("content") or "", said.get("reasoning") or "", None, said.get("refusal") or "", calls)


def facts(call: Call) -> JsonObject:
    """All of the native answer but its words."""
    answer = native.render_completion(call.request, call.record, call.completion or Completion())
    return {name: value for name, value in answer.items() if name not in SAID}


def whole(row: Message) -> JsonObject:
    """The native answer as it was given."""
    choice = choice_of(row.said)
    answer: JsonObject = row.answer or {}
    return {**answer, **_words(row.said), "content": choice.text}


def error_of(row: Message) -> JsonObject | None:
    """Why the answer came to no good end."""
    if row.error is not None or row.status in (MessageStatus.COMPLETE, MessageStatus.RUNNING):
        told: JsonObject | None = row.error
        return told
    error = (
        Unavailable("Whoever had asked left before the end of the answer.", code="answer_cancelled")
        if row.status == MessageStatus.CANCELLED
        else Unavailable("The process that gave the answer ended before it did.", code="answer_interrupted")
    )
    return error_fields(error, public_id(row.generation_id or row.id))


def conversation(row: Conversation) -> JsonObject:
    return {
        "id": public(CONVERSATION, row.id),
        "title": row.title,
        "system": row.system,
        "model": row.model,
        "prompt": row.prompt,
        "metadata": {**row.metadata, "user_id": row.user_id},
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    }


def message(row: Message) -> JsonObject:
    """An answer has its facts beside its words."""
    answer: JsonObject = row.answer or {}
    told: JsonObject = {
        "id": public(MESSAGE, row.id),
        "role": row.said["role"],
        "content": row.said.get("content"),
        **_words(row.said),
        "tool_call_id": row.said.get("tool_call_id"),
        "status": row.status,
        "generation_id": public_id(row.generation_id) if row.generation_id else None,
    }
    return told | {
        **{name: answer.get(name) for name in FACTS},
        "error": error_of(row),
        "created_at": instant(row.created_at),
    }


def _words(said: JsonObject) -> JsonObject:
    return {
        "reasoning": said.get("reasoning"),
        "refusal": said.get("refusal"),
        "tool_calls": said.get("tool_calls", []),
    }


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
