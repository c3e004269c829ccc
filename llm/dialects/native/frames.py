"""A streamed answer in native words: `chunk` events, then `done` with the whole of it, or `error`."""

from __future__ import annotations

import orjson

from llm.call import Record, public_id
from llm.dialects.native.answers import render_completion
from llm.dialects.native.errors import render_error
from llm.errors import GatewayError
from llm.types import (
    Completion,
    Event,
    Events,
    JsonObject,
    ReasoningDelta,
    RefusalDelta,
    Request,
    TextDelta,
    ToolCallDelta,
)


class StreamRenderer:
    """Chunks are numbered from 0. `render_chunks` gives them as objects, for transports that are no event stream."""

    def __init__(self, request: Request, record: Record) -> None:
        self.request = request
        self.id = public_id(record.id)
        self.count = 0
        self.head = b'event: chunk\ndata: {"id":%b,"index":' % orjson.dumps(self.id)

    def render_events(self, events: Events) -> bytes:
        frames = []
        for event in events:
            if type(event) is TextDelta and not event.choice:
                frames.append(b'%b%d,"delta":%b}\n\n' % (self.head, self.count, orjson.dumps(event.text)))
                self.count += 1
            elif (chunk := self._chunk(event)) is not None:
                frames.append(frame(b"chunk", chunk))
        return b"".join(frames)

    def render_chunks(self, events: Events) -> list[JsonObject]:
        return [chunk for event in events if (chunk := self._chunk(event)) is not None]

    def render_done(self, record: Record, completion: Completion) -> bytes:
        return frame(b"done", {**render_completion(self.request, record, completion), "done": True})

    def render_error(self, error: GatewayError, request_id: str) -> bytes:
        return frame(b"error", render_error(error, request_id)[1])

    def _chunk(self, event: Event) -> JsonObject | None:
        delta = _delta(event)
        if delta is None:
            return None
        chunk = {"id": self.id, "index": self.count, "delta": "", **delta}
        self.count += 1
        return chunk


def _delta(event: Event) -> JsonObject | None:
    match event:
        case TextDelta(choice=0):
            return {"delta": event.text}
        case ReasoningDelta(choice=0) if event.text:
            return {"reasoning_delta": event.text}
        case RefusalDelta(choice=0):
            return {"refusal_delta": event.text}
        case ToolCallDelta(choice=0):
            begun = {"id": event.id, "name": event.name} if event.id is not None else {}
            return {"tool_call_delta": {"index": event.index, **begun, "arguments": event.arguments}}
        case _:
            return None


def frame(name: bytes, data: JsonObject) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, orjson.dumps(data))
