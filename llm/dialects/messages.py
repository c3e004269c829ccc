"""What our dialects share in reading a conversation: roles, caps, and the older calls that came without an id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from llm.dialects.fields import Fields, too_many
from llm.dialects.signatures import MARK
from llm.dialects.tools import LONGEST_ID, name_and_arguments, read_tool_call
from llm.types import Message, Part, Reasoning, Refusal, Role, Text, ToolCall

MAX_MESSAGES = 2_000
MAX_PARTS = 2_000
MAX_CALLS = 256

ROLES: tuple[Role | Literal["function"], ...] = ("user", "assistant", "system", "tool", "developer", "function")
REASONING = ("reasoning_content", "reasoning")

ReadPart = Callable[[Fields], Part]


def read_messages(fields: Fields, read_part: ReadPart) -> list[Message]:
    conversation = Conversation(read_part)
    return [conversation.read(message) for message in fields.each("messages", most=MAX_MESSAGES) or ()]


class Conversation:
    """Reads messages in order: the result of a call without an id belongs to the last such call."""

    def __init__(self, read_part: ReadPart) -> None:
        self.read_part = read_part
        self.calls = 0

    def read(self, fields: Fields) -> Message:
        role = fields.word("role", ROLES)
        if role is None:
            raise fields.wrong("role", None, f"one of {', '.join(ROLES)}")
        if role == "assistant":
            parts = [*_reasoning(fields), *self._content(fields), *_refusal(fields), *self._calls(fields)]
            return Message("assistant", parts, fields.text("name"), extra=fields.rest())
        parts = self._content(fields)
        if not parts:
            raise fields.wrong("content", None, "a string or a list of parts")
        if role == "function":
            return Message("tool", parts, fields.required_text("name"), self._last_call(), extra=fields.rest())
        name = fields.text("name")
        if role == "tool":
            call = fields.required_text("tool_call_id", most=LONGEST_ID)
            return Message("tool", parts, name, call, fields.flag("is_error") or False, fields.rest())
        return Message(role, parts, name, extra=fields.rest())

    def _content(self, fields: Fields) -> list[Part]:
        content = fields.left.pop("content", None)
        if content is None:
            return []
        if type(content) is str:
            return [Text(content)]
        if type(content) is not list:
            raise fields.wrong("content", content, "a string or a list of parts")
        path, strict = fields.at("content"), fields.strict
        if len(content) > MAX_PARTS:
            raise too_many(path, len(content), MAX_PARTS, "parts")
        return [self.read_part(Fields(part, f"{path}[{at}]", strict=strict)) for at, part in enumerate(content)]

    def _calls(self, fields: Fields) -> list[ToolCall]:
        calls = [read_tool_call(call) for call in fields.each("tool_calls", most=MAX_CALLS) or ()]
        older = fields.inner("function_call")
        if older is not None:
            self.calls += 1
            name, arguments = name_and_arguments(older)
            older.rest()
            calls.append(ToolCall(self._last_call(), name, arguments))
        return calls

    def _last_call(self) -> str:
        return f"call_{self.calls}"


def _reasoning(fields: Fields) -> list[Reasoning]:
    """Thought that was kept from us may still be signed; what a lenient reader does not take is handed on."""
    text = None
    for name in REASONING:
        if not text and (fields.strict or type(fields.left.get(name)) is str):
            text = fields.text(name, most=None)
    signed = fields.left.get("reasoning_signature")
    known = fields.strict or (type(signed) is str and signed.startswith(MARK))
    signature = fields.text("reasoning_signature", most=None) if text or known else None
    return [Reasoning(text or "", signature)] if text or signature else []


def _refusal(fields: Fields) -> list[Refusal]:
    refusal = fields.text("refusal", most=None)
    return [Refusal(refusal)] if refusal else []
