"""One candidate of an answer, whole or in pieces: a piece has the form of the whole."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import orjson

from llm.dialects.signatures import sign
from llm.errors import ProviderBroken
from llm.types import (
    Events,
    ExtraDelta,
    Finished,
    FinishReason,
    JsonObject,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)

FINISH: dict[str, FinishReason] = {
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
            "ESCALATION",
            "PUP_LIMITED_DISABLED",
            "MODEL_ARMOR",
        ),
        "content_filter",
    ),
}
"""What is not here is `stop`, or `tool_calls` where some were made: STOP, OTHER, MALFORMED_FUNCTION_CALL, new ones."""

UNENDED = "FINISH_REASON_UNSPECIFIED"
KNOWN = frozenset({"content", "finishReason", "index"})
KNOWN_CALL = frozenset({"id", "name", "args"})
MOST_CALLS = 1_024


class CandidateParser:
    """`further` is what only this dialect knows of the candidate (grounding, ratings): the last word on each counts."""

    __slots__ = ("calls", "choice", "finish", "further")

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.calls = 0
        self.finish: Finished | None = None
        self.further: JsonObject = {}

    def parse(self, data: JsonObject, events: Events) -> None:
        """Add the events of one candidate object to `events`."""
        content = data.get("content")
        parts = content.get("parts") if type(content) is dict else None
        for part in parts if type(parts) is list else ():
            if type(part) is dict:
                self._part(part, events)
        if not data.keys() <= KNOWN:
            self.further |= {name: value for name, value in data.items() if name not in KNOWN and value}
        finish = data.get("finishReason")
        if finish and finish != UNENDED:
            self._finish(str(finish), events)

    def _part(self, part: JsonObject, events: Events) -> None:
        text = part.get("text")
        if type(text) is str:
            if len(part) == 1 and text:
                events.append(TextDelta(text, self.choice))
            else:
                self._marked_text(text, part, events)
        elif type(call := part.get("functionCall")) is dict:
            events.append(self._call(call, _signature(part)))
        elif part.keys() == {"thoughtSignature"}:
            self._marked_text("", part, events)
        elif part:
            events.append(ExtraDelta({"parts": [part]}, self.choice))

    def _marked_text(self, text: str, part: JsonObject, events: Events) -> None:
        """Text that is a thought, or signed: the signature follows it as one of the reasoning behind it."""
        signature = _signature(part)
        signed = sign("", signature) if signature else None
        if part.get("thought"):
            if text or signed:
                events.append(ReasoningDelta(text, signed, self.choice))
            return
        if text:
            events.append(TextDelta(text, self.choice))
        if signed:
            events.append(ReasoningDelta("", signed, self.choice))

    def _call(self, call: JsonObject, signature: str | None) -> ToolCallDelta:
        place = self.calls
        if place >= MOST_CALLS:
            raise ProviderBroken(f"The provider's answer calls more than {MOST_CALLS} tools at once.")
        self.calls += 1
        identity = str(call.get("id") or f"call_{token_hex(12)}")
        return ToolCallDelta(
            place,
            sign(identity, signature) if signature else identity,
            str(call.get("name") or ""),
            _arguments(call.get("args")),
            choice=self.choice,
            extra={name: value for name, value in call.items() if name not in KNOWN_CALL} or None,
        )

    def _finish(self, native: str, events: Events) -> None:
        reason = FINISH.get(native.upper(), "stop")
        finish = Finished("tool_calls" if reason == "stop" and self.calls else reason, self.choice, native)
        if self.further:
            events.append(ExtraDelta(self.further, self.choice))
            self.further = {}
        if finish != self.finish:
            self.finish = finish
            events.append(finish)


def _signature(part: JsonObject) -> str | None:
    signature = part.get("thoughtSignature")
    return signature if type(signature) is str and signature else None


def _arguments(args: Any) -> str:
    if type(args) is str:
        return args
    return "{}" if args is None else orjson.dumps(args).decode()
