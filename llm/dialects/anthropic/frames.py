"""A streamed answer as clients of this dialect read it: blocks one after the other, each begun, added to and ended."""

from __future__ import annotations

import orjson

from llm.call import Record, public_id
from llm.dialects.anthropic.answers import EMPTY
from llm.dialects.anthropic.errors import render_error
from llm.dialects.anthropic.stops import DIALECT, render_stop
from llm.dialects.anthropic.usage import render_usage
from llm.dialects.usage import usage_of
from llm.errors import GatewayError
from llm.types import (
    BlockDelta,
    BlockKind,
    Completion,
    Event,
    Events,
    JsonObject,
    ReasoningDelta,
    Request,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)

HEARTBEAT = b'event: ping\ndata: {"type": "ping"}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
END = b"}}\n\n"
UNSIGNED: JsonObject = {"type": "signature_delta", "signature": ""}
"""Some clients hand back only a thought whose signature they saw."""
IN_DELTA = frozenset({"stop_sequence", "stop_details", "container"})
"""Of what a message says at its end, this stands inside the last delta, all else beside it."""


class StreamRenderer:
    """`head` is the beginning of every text delta of the block at hand, made once for each block.

    A call's arguments may still come when the next call has begun: they are sent to its block all the same.
    """

    def __init__(self, request: Request, record: Record) -> None:
        self.same = self.begun = self.signed = False
        self.usage = Usage()
        self.message: JsonObject = {
            "id": public_id(record.id),
            "type": "message",
            "role": "assistant",
            "model": record.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
        }
        self.extra: JsonObject = {}
        self.kind: BlockKind | None = None
        self.index = -1
        self.head = b""
        self.calls: dict[int, int] = {}

    def render_events(self, events: Events) -> bytes:
        frames: list[bytes] = []
        for event in events:
            if type(event) is TextDelta and self.kind == "text" and not event.choice:
                frames.append(self.head + orjson.dumps(event.text) + END)
            else:
                self._render(event, frames)
        return b"".join(frames)

    def render_done(self, record: Record, completion: Completion) -> bytes:
        frames: list[bytes] = []
        self._begin(frames)
        self._close(frames)
        delta = render_stop(completion)
        later = {name: value for name, value in (completion.extra or {}).items() if self.extra.get(name) != value}
        if self.same:
            delta |= {name: value for name, value in later.items() if name in IN_DELTA}
        beside = {name: value for name, value in later.items() if name not in IN_DELTA} if self.same else {}
        usage = render_usage(usage_of(record, completion), same=self.same)
        frames.append(_frame("message_delta", {"delta": delta, **beside, "usage": usage}))
        return b"".join([*frames, STOP])

    def render_error(self, error: GatewayError, request_id: str) -> bytes:
        return b"event: error\ndata: %b\n\n" % orjson.dumps(render_error(error, request_id)[1])

    def _render(self, event: Event, frames: list[bytes]) -> None:
        match event:
            case Started():
                self._start(event)
            case UsageReport():
                self.usage = event.usage
            case BlockDelta(kind=None, choice=0):
                self._add(event.extra or {}, frames)
            case BlockDelta(choice=0):
                self._begin_block(event, frames)
            case TextDelta(choice=0) if event.text:
                self._open("text", EMPTY["text"], frames)
                frames.append(self.head + orjson.dumps(event.text) + END)
            case ReasoningDelta(choice=0):
                self._think(event, frames)
            case ToolCallDelta(choice=0):
                self._call(event, frames)

    def _start(self, event: Started) -> None:
        """What comes after the first frame waits for the last."""
        if self.begun:
            return
        self.same = event.dialect == DIALECT
        self.message["model"] = event.upstream_model or self.message["model"]
        if self.same and event.extra:
            self.extra |= event.extra

    def _begin(self, frames: list[bytes]) -> None:
        if not self.begun:
            self.begun = True
            usage = render_usage(self.usage, same=self.same)
            frames.append(_frame("message_start", {"message": {**self.message, "usage": usage, **self.extra}}))

    def _open(self, kind: BlockKind, block: JsonObject, frames: list[bytes]) -> None:
        self._begin(frames)
        self._close(frames)
        self.kind, self.index, self.signed = kind, self.index + 1, False
        frames.append(_frame("content_block_start", {"index": self.index, "content_block": block}))
        self.head = _head(self.index, "text_delta", "text")

    def _close(self, frames: list[bytes]) -> None:
        if self.kind is not None:
            if self.kind == "reasoning" and not self.same and not self.signed:
                self._delta(UNSIGNED, frames)
            frames.append(_frame("content_block_stop", {"index": self.index}))
            self.kind = None

    def _begin_block(self, event: BlockDelta, frames: list[bytes]) -> None:
        """A call's block opens with the call itself, which has its id and name."""
        extra = event.extra or {} if self.same else {}
        match event.kind:
            case "text" | "reasoning":
                self._open(event.kind, {**EMPTY[event.kind], **extra}, frames)
            case "opaque" if self.same:
                begun = {name: value for name, value in extra.items() if name not in ("partial_json", "deltas")}
                self._open("opaque", begun, frames)
                self._add({name: extra[name] for name in extra.keys() - begun.keys()}, frames)
            case _:
                self._close(frames)

    def _add(self, extra: JsonObject, frames: list[bytes]) -> None:
        if not self.same:
            return
        if text := extra.get("partial_json"):
            frames.append(_head(self.index, "input_json_delta", "partial_json") + orjson.dumps(text) + END)
        for citation in extra.get("citations", ()):
            self._delta({"type": "citations_delta", "citation": citation}, frames)
        for delta in extra.get("deltas", ()):
            self._delta(delta, frames)

    def _delta(self, delta: JsonObject, frames: list[bytes]) -> None:
        frames.append(_frame("content_block_delta", {"index": self.index, "delta": delta}))

    def _think(self, event: ReasoningDelta, frames: list[bytes]) -> None:
        if self.kind != "reasoning":
            self._open("reasoning", EMPTY["reasoning"], frames)
        if event.text:
            frames.append(_head(self.index, "thinking_delta", "thinking") + orjson.dumps(event.text) + END)
        if event.signature:
            self.signed = True
            self._delta({"type": "signature_delta", "signature": event.signature}, frames)

    def _call(self, event: ToolCallDelta, frames: list[bytes]) -> None:
        if event.index not in self.calls:
            extra = event.extra or {} if self.same else {}
            block = {"type": "tool_use", "id": event.id, "name": event.name or "", "input": {}, **extra}
            self._open("tool_call", block, frames)
            self.calls[event.index] = self.index
        if event.arguments:
            head = _head(self.calls[event.index], "input_json_delta", "partial_json")
            frames.append(head + orjson.dumps(event.arguments) + END)


def _head(index: int, kind: str, field: str) -> bytes:
    """All of a delta's frame up to the text in it."""
    start = f'{{"type":"content_block_delta","index":{index},"delta":{{"type":"{kind}","{field}":'
    return f"event: content_block_delta\ndata: {start}".encode()


def _frame(kind: str, fields: JsonObject) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
