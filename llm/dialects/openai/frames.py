"""A streamed answer as clients of this dialect read it, frame by frame."""

from __future__ import annotations

import orjson

from llm.call import Record, public_id
from llm.dialects.openai.answers import DIALECT, finish_word
from llm.dialects.openai.errors import render_error
from llm.dialects.openai.usage import render_usage
from llm.dialects.usage import usage_of
from llm.errors import GatewayError
from llm.types import (
    BlockDelta,
    Completion,
    Event,
    Events,
    ExtraDelta,
    Finished,
    JsonObject,
    ReasoningDelta,
    RefusalDelta,
    Request,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)

ROLE = b'{"role":"assistant","content":"","refusal":null}'
DONE = b"data: [DONE]\n\n"


class StreamRenderer:
    """Finish reasons wait for the end: some vendors say more after the first of them.

    A frame is `head` + delta + `tail`, and all but the delta is made once for each choice.
    """

    def __init__(self, request: Request, record: Record) -> None:
        self.legacy = request.legacy_functions
        self.usage = request.include_usage
        self.same = False
        self.heads: dict[int, bytes] = {}
        self.kinds: dict[tuple[int, int], str] = {}
        self.model = record.model
        self.envelope: JsonObject = {
            "id": public_id(record.id),
            "object": "chat.completion.chunk",
            "created": int(record.created_at.timestamp()),
            "model": record.model,
        }
        self.tail = b',"logprobs":null,"finish_reason":null}]' + self._end()

    def render_events(self, events: Events) -> bytes:
        frames: list[bytes] = []
        for event in events:
            if type(event) is TextDelta:
                head = self.heads.get(event.choice) or self._begin(event.choice, frames)
                frames.append(b'%b{"content":%b}%b' % (head, orjson.dumps(event.text), self.tail))
            else:
                self._render(event, frames)
        return b"".join(frames)

    def render_done(self, record: Record, completion: Completion) -> bytes:
        frames: list[bytes] = []
        for index, choice in enumerate(completion.choices):
            head = self.heads.get(index) or self._begin(index, frames)
            reason = finish_word(choice.finish_reason, legacy=self.legacy).encode()
            frames.append(b'%b{},"logprobs":null,"finish_reason":"%b"}]%b' % (head, reason, self._end()))
        if self.usage:
            usage = render_usage(usage_of(record, completion), same=self.same)
            frames.append(b"data: %b\n\n" % orjson.dumps({**self.envelope, "choices": [], "usage": usage}))
        return b"".join([*frames, DONE])

    def render_error(self, error: GatewayError, request_id: str) -> bytes:
        return b"data: %b\n\n" % orjson.dumps(render_error(error, request_id)[1])

    def _end(self) -> bytes:
        return b',"usage":null}\n\n' if self.usage else b"}\n\n"

    def _head(self, choice: int) -> bytes:
        return b'data: %b,"choices":[{"index":%d,"delta":' % (orjson.dumps(self.envelope)[:-1], choice)

    def _begin(self, choice: int, frames: list[bytes]) -> bytes:
        head = self.heads[choice] = self._head(choice)
        frames.append(head + ROLE + self.tail)
        return head

    def _render(self, event: Event, frames: list[bytes]) -> None:
        match event:
            case Started():
                self._start(event)
            case UsageReport() | Finished() | BlockDelta():
                pass
            case ExtraDelta():
                self._extra(event, frames)
            case _:
                if delta := self._delta(event):
                    head = self.heads.get(event.choice) or self._begin(event.choice, frames)
                    frames.append(head + orjson.dumps(delta) + self.tail)

    def _start(self, event: Started) -> None:
        """All frames must name one model, so a name that comes after the first of them comes too late."""
        self.same = event.dialect == DIALECT
        if event.upstream_model and not self.heads:
            self.envelope["model"] = event.upstream_model
        if event.extra and self.same:
            self.envelope |= event.extra
        self.heads = {choice: self._head(choice) for choice in self.heads}

    def _extra(self, event: ExtraDelta, frames: list[bytes]) -> None:
        if not self.same:
            return
        fields = dict(event.fields)
        delta = fields.pop("message", {})
        self.heads.get(event.choice) or self._begin(event.choice, frames)
        choice = {"index": event.choice, "delta": delta, "logprobs": None, "finish_reason": None, **fields}
        envelope = orjson.dumps(self.envelope)[:-1]
        frames.append(b'data: %b,"choices":[%b]%b' % (envelope, orjson.dumps(choice), self._end()))

    def _delta(self, event: ReasoningDelta | RefusalDelta | ToolCallDelta | TextDelta) -> JsonObject:
        match event:
            case ReasoningDelta():
                signed = {"reasoning_signature": event.signature} if event.signature else {}
                return {"reasoning_content": event.text, **signed}
            case RefusalDelta():
                return {"refusal": event.text}
            case ToolCallDelta() if self.legacy:
                return self._function_call(event)
            case ToolCallDelta():
                return {"tool_calls": [self._call(event)]}
            case _:
                return {"content": event.text}

    def _function_call(self, event: ToolCallDelta) -> JsonObject:
        """The older form has room for one call."""
        if event.index:
            return {}
        named = {"name": event.name} if event.name else {}
        return {"function_call": {**named, "arguments": event.arguments}}

    def _call(self, event: ToolCallDelta) -> JsonObject:
        place = (event.choice, event.index)
        if event.id is not None:
            self.kinds[place] = event.kind
        kind = self.kinds.get(place, event.kind)
        extra = dict(event.extra) if self.same and event.extra else {}
        named = {"name": event.name} if event.name else {}
        words = "input" if kind == "custom" else "arguments"
        inside = {**named, words: event.arguments, **extra.pop(kind, {})}
        begun = {"id": event.id, "type": kind} if event.id is not None else {}
        return {"index": event.index, **begun, kind: inside, **extra}
