"""The blocks of a vendor's answer as events: each begins, is added to, and ends."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import orjson

from llm.errors import ProviderBroken
from llm.types import BlockDelta, BlockKind, Events, JsonObject, ReasoningDelta, TextDelta, ToolCallDelta

MOST_BLOCKS = 10_000
TEXT, THINKING, CALL = "text", "thinking", "tool_use"
KNOWN: dict[str, frozenset[str]] = {
    TEXT: frozenset({"type", "text"}),
    THINKING: frozenset({"type", "thinking", "signature"}),
    CALL: frozenset({"type", "id", "name", "input"}),
}
KINDS: dict[str, BlockKind] = {TEXT: "text", THINKING: "reasoning", CALL: "tool_call"}


class OpenBlock:
    """`unsaid` waits for the first words: a text that has begun and said nothing is no content yet. `call` is the
    place of a tool call among those of the answer; `wrote` says that it has arguments."""

    __slots__ = ("call", "kind", "unsaid", "wrote")

    def __init__(self, kind: BlockKind, extra: JsonObject | None = None) -> None:
        self.kind = kind
        self.unsaid: BlockDelta | None = BlockDelta(kind, extra)
        self.call = 0
        self.wrote = False


class ContentParser:
    __slots__ = ("blocks", "calls", "count")

    def __init__(self) -> None:
        self.blocks: dict[int, OpenBlock] = {}
        self.calls = self.count = 0

    def begin(self, index: Any, data: Any, events: Events) -> None:
        if type(index) is not int or type(data) is not dict:
            raise ProviderBroken("The provider began a block that is none.")
        self.count += 1
        if self.count > MOST_BLOCKS:
            raise ProviderBroken(f"The provider's answer has more than {MOST_BLOCKS} blocks.")
        name = _text(data.get("type"))
        kind = KINDS.get(name, "opaque")
        if kind == "opaque":
            self._begin_opaque(index, data, events)
            return
        extra = {key: value for key, value in data.items() if key not in KNOWN[name] and value is not None} or None
        block = self.blocks[index] = OpenBlock(kind, None if kind == "tool_call" else extra)
        if kind == "tool_call":
            self._begin_call(block, data, extra, events)
        elif kind == "text":
            self._say(block, _text(data.get("text")), events)
        else:
            self._think(block, _text(data.get("thinking")), _text(data.get("signature")), events)

    def delta(self, index: Any, delta: Any, events: Events) -> None:
        if type(index) is not int or type(delta) is not dict:
            raise ProviderBroken("The provider sent something that is no part of a block.")
        block = self.blocks.get(index)
        match delta.get("type"):
            case "text_delta":
                if block is None or block.kind != "text":
                    block = self.blocks[index] = OpenBlock("text")
                self._say(block, _text(delta.get("text")), events)
            case "thinking_delta" | "signature_delta":
                if block is None or block.kind != "reasoning":
                    block = self.blocks[index] = OpenBlock("reasoning")
                self._think(block, _text(delta.get("thinking")), _text(delta.get("signature")), events)
            case "input_json_delta" if block is not None:
                self._write(block, _text(delta.get("partial_json")), events)
            case "citations_delta" if block is not None:
                self._add(block, {"citations": [delta.get("citation")]}, events)
            case _ if block is not None:
                self._add(block, {"deltas": [delta]}, events)

    def end(self, index: Any, events: Events) -> None:
        block = self.blocks.pop(index, None) if type(index) is int else None
        if block is None:
            return
        self._open(block, events)
        if block.kind == "tool_call" and not block.wrote:
            events.append(ToolCallDelta(block.call, arguments="{}"))

    def _begin_call(self, block: OpenBlock, data: JsonObject, extra: JsonObject | None, events: Events) -> None:
        block.call, self.calls = self.calls, self.calls + 1
        self._open(block, events)
        identity, name = _text(data.get("id")) or f"toolu_{token_hex(12)}", _text(data.get("name"))
        events.append(ToolCallDelta(block.call, identity, name, extra=extra))
        if data.get("input"):
            self._write(block, orjson.dumps(data["input"]).decode(), events)

    def _begin_opaque(self, index: int, data: JsonObject, events: Events) -> None:
        """Its input, if it has one, is written as a call's arguments are."""
        said = data.get("input")
        written = type(said) is dict and bool(said)
        block = self.blocks[index] = OpenBlock("opaque", {**data, "input": {}} if written else data)
        self._open(block, events)
        if written:
            self._write(block, orjson.dumps(said).decode(), events)

    def _open(self, block: OpenBlock, events: Events) -> None:
        if block.unsaid is not None:
            events.append(block.unsaid)
            block.unsaid = None

    def _say(self, block: OpenBlock, text: str, events: Events) -> None:
        if text:
            if block.unsaid is not None:
                self._open(block, events)
            events.append(TextDelta(text))

    def _think(self, block: OpenBlock, text: str, signature: str, events: Events) -> None:
        if text or signature:
            self._open(block, events)
            events.append(ReasoningDelta(text, signature or None))

    def _write(self, block: OpenBlock, text: str, events: Events) -> None:
        if not text:
            return
        block.wrote = True
        if block.kind == "tool_call":
            events.append(ToolCallDelta(block.call, arguments=text))
        else:
            self._add(block, {"partial_json": text}, events)

    def _add(self, block: OpenBlock, extra: JsonObject, events: Events) -> None:
        self._open(block, events)
        events.append(BlockDelta(None, extra))


def _text(value: Any) -> str:
    return value if type(value) is str else ""
