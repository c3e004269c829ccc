"""Conversations, both ways: here the system stands apart, and what tools answered is said by the user."""

from __future__ import annotations

from dataclasses import dataclass, field

from llm.dialects.anthropic.blocks import read_block, render_part
from llm.dialects.anthropic.rendering import Rendering
from llm.dialects.fields import Fields, too_many
from llm.dialects.messages import MAX_MESSAGES, MAX_PARTS
from llm.dialects.signatures import unsigned
from llm.dialects.tools import LONGEST_ID
from llm.errors import InvalidField
from llm.types import JsonObject, Message, Part, Role, Text, ToolCall

ROLES: tuple[Role, ...] = ("user", "assistant", "system")
RESULT = "tool_result"


def read_messages(fields: Fields) -> list[Message]:
    system = _content(fields, "system")
    conversation = Conversation()
    said = [message for turn in fields.each("messages", most=MAX_MESSAGES) or () for message in conversation.read(turn)]
    return [Message("system", system), *said] if system else said


class Conversation:
    """Reads turns in order: what a tool answers must have been asked before."""

    def __init__(self) -> None:
        self.called: set[str] = set()

    def read(self, fields: Fields) -> list[Message]:
        """A user's turn with results in it is several messages: each result one, and what stands between them."""
        role = fields.word("role", ROLES)
        if role is None:
            raise fields.wrong("role", None, f"one of {', '.join(ROLES)}")
        if fields.left.get("content") is None:
            raise fields.wrong("content", None, "a string or a list of blocks")
        messages: list[Message] = []
        for block in _blocks(fields, "content"):
            said = block if isinstance(block, Text) else self._part(block, role)
            if isinstance(said, Message):
                messages.append(said)
            elif messages and messages[-1].role == role:
                messages[-1].parts.append(said)
            else:
                messages.append(Message(role, [said]))
        messages = messages or [Message(role, [])]
        messages[-1].extra = _both(messages[-1].extra, fields.rest())
        return messages

    def _part(self, block: Fields, role: Role) -> Part | Message:
        if role == "user" and block.left.get("type") == RESULT:
            return self._result(block)
        part = read_block(block)
        if isinstance(part, ToolCall):
            self.called.add(part.id)
        return part

    def _result(self, block: Fields) -> Message:
        del block.left["type"]
        call = block.required_text("tool_use_id", most=LONGEST_ID)
        if call not in self.called:
            path = block.at("tool_use_id")
            message = f"{path}: no tool_use before it has the id {call[:100]!r}."
            raise InvalidField(message, param=path, code="tool_use_not_found")
        parts = _content(block, "content")
        return Message("tool", parts, None, call, block.flag("is_error") or False, block.rest())


def _content(fields: Fields, name: str) -> list[Part]:
    return [read_block(part) if isinstance(part, Fields) else part for part in _blocks(fields, name)]


def _blocks(fields: Fields, name: str) -> list[Fields | Text]:
    content = fields.left.pop(name, None)
    if content is None:
        return []
    if type(content) is str:
        return [Text(content)]
    if type(content) is not list:
        raise fields.wrong(name, content, "a string or a list of blocks")
    path = fields.at(name)
    if len(content) > MAX_PARTS:
        raise too_many(path, len(content), MAX_PARTS, "blocks")
    return [Fields(block, f"{path}[{at}]", strict=fields.strict) for at, block in enumerate(content)]


def _both(first: JsonObject | None, second: JsonObject | None) -> JsonObject | None:
    return {**(first or {}), **(second or {})} or None


@dataclass(slots=True)
class Turns:
    """The conversation as this dialect writes it: `system` apart, and no two turns of one role after another."""

    rendering: Rendering
    system: list[JsonObject] = field(default_factory=list)
    turns: list[JsonObject] = field(default_factory=list)

    def add(self, message: Message, path: str) -> None:
        if message.name is not None:
            self.rendering.dropped.append(f"{path}.name")
        if message.role == "tool":
            self._say("user", [self._result(message, path)], {})
            return
        extra = self.rendering.kept(message.extra, path)
        blocks = self._rendered(message.parts, path)
        if message.role not in ("system", "developer"):
            self._say(message.role, blocks, extra)
        elif self.turns and self.rendering.same:
            self._say("system", blocks, extra)
        else:
            self.system += blocks

    def body(self) -> JsonObject:
        """A vendor wants at least one turn: rules without a question become the question."""
        if not self.turns and self.system:
            self._say("user", self.system, {})
            self.system = []
        apart = {"system": _said(self.system)} if self.system else {}
        return {**apart, "messages": [{**turn, "content": _said(turn["content"])} for turn in self.turns]}

    def _say(self, role: str, blocks: list[JsonObject], extra: JsonObject) -> None:
        if not blocks and not self.rendering.same:
            return
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
            self.turns[-1].update(extra)
        else:
            self.turns.append({"role": role, "content": list(blocks), **extra})

    def _result(self, message: Message, path: str) -> JsonObject:
        said: JsonObject = {"type": RESULT, "tool_use_id": unsigned(message.tool_call_id or "")}
        if message.parts:
            said["content"] = _said(self._rendered(message.parts, path))
        if message.is_error:
            said["is_error"] = True
        return said | self.rendering.kept(message.extra, path)

    def _rendered(self, parts: list[Part], path: str) -> list[JsonObject]:
        said = [render_part(part, f"{path}.content[{at}]", self.rendering) for at, part in enumerate(parts)]
        return [block for block in said if block is not None]


def render_messages(messages: list[Message], rendering: Rendering) -> JsonObject:
    """The fields `messages` and, where there is one, `system`."""
    turns = Turns(rendering)
    for at, message in enumerate(messages):
        turns.add(message, f"messages[{at}]")
    return turns.body()


def _said(blocks: list[JsonObject]) -> str | list[JsonObject]:
    """One plain text needs no block around it."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    return blocks
