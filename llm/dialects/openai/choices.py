"""One choice of a vendor's answer, whole or in pieces: a message is treated as one large piece."""

from __future__ import annotations

import json
from typing import Any

from llm.dialects.complaints import parse_error
from llm.dialects.openai.calls import CallParser
from llm.errors import ProviderBroken
from llm.types import (
    Events,
    ExtraDelta,
    Finished,
    FinishReason,
    JsonObject,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)

FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "max_tokens": "length",
    "model_length": "length",
    "max_output_tokens": "length",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "function_calls": "tool_calls",
    "max_length": "length",
    "token_limit": "length",
    "context_length": "length",
    "model_context_window_exceeded": "length",
    "safety": "content_filter",
    "refusal": "content_filter",
    "sensitive": "content_filter",
    "blocked": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "recitation": "content_filter",
    "spii": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
"""The dialect's five words, then those of the models behind some vendors; what is not here is `stop`."""

BROKEN = frozenset({"error", "abort", "insufficient_system_resource", "network_error", "model_error"})
"""Words for an end that is none."""

KNOWN = frozenset({"index", "delta", "message", "text", "finish_reason", "logprobs", "usage"})
KNOWN_MESSAGE = frozenset(
    {
        "role",
        "content",
        "reasoning_content",
        "reasoning",
        "thinking",
        "reasoning_signature",
        "refusal",
        "tool_calls",
        "function_call",
    }
)
REASONING = ("reasoning_content", "reasoning", "thinking")
"""Where vendors put what a model thought; those that use two of them say the same in both."""

THOUGHT = ("thinking", "reasoning", "text", "summary")
"""What a part that is a thought may call its text."""

NOTHING: tuple[Any, ...] = (None, "", [], {})


class ChoiceParser:
    """`fields` says where to look for the message: some vendors send a piece and the whole side by side, some the whole
    once more when all pieces have come.
    """

    __slots__ = ("calls", "choice", "fields", "finish", "found")

    def __init__(self, choice: int, fields: tuple[str, str]) -> None:
        self.fields = fields
        self.choice = choice
        self.calls = CallParser()
        self.finish: object = None
        self.found = False

    def parse(self, data: JsonObject, events: Events) -> None:
        """Add the events of one choice object to `events`."""
        said = data.get(self.fields[0])
        if type(said) is dict:
            self.found = True
            self._message(said, events)
        elif not self.found and type(said := data.get(self.fields[1])) is dict:
            self._message(said, events)
        elif not self.found and (text := data.get("text")) and type(text) is str:
            events.append(TextDelta(text, self.choice))
        if data.get("logprobs") or not data.keys() <= KNOWN:
            self._extra(data, events)
        finish = data.get("finish_reason")
        if finish and finish != self.finish:
            self._finish(str(finish), events)

    def unsaid(self) -> FinishReason:
        """The reason for an end that the vendor gave none for."""
        return "tool_calls" if self.calls.ids else "stop"

    def _message(self, said: JsonObject, events: Events) -> None:
        content = said.get("content")
        if len(said) > 1 or content is None:
            self._reasoning(said, events)
        if type(content) is str:
            if content:
                events.append(TextDelta(content, self.choice))
        elif content is not None:
            self._parts(content, events)
        if len(said) > 1 or content is None:
            self._further(said, events)

    def _reasoning(self, said: JsonObject, events: Events) -> None:
        text = next((text for name in REASONING if (text := said.get(name)) and type(text) is str), "")
        if not text:
            text = _detailed(said.get("reasoning_details"))
        signature = said.get("reasoning_signature")
        if type(signature) is not str:
            signature = None
        if text or signature:
            events.append(ReasoningDelta(text, signature, self.choice))

    def _further(self, said: JsonObject, events: Events) -> None:
        refusal = said.get("refusal")
        if refusal and type(refusal) is str:
            events.append(RefusalDelta(refusal, self.choice))
        calls = _objects(said.get("tool_calls"))
        older = said.get("function_call")
        if not calls and type(older) is dict and any(older.values()):
            calls = [{"index": 0, "function": older}]
        for call in calls:
            events.append(self.calls.parse(call, self.choice))
        if not said.keys() <= KNOWN_MESSAGE:
            self._message_extra({name: said[name] for name in said.keys() - KNOWN_MESSAGE}, events)

    def _parts(self, content: Any, events: Events) -> None:
        """Content as a list of parts, as one part alone, or as the JSON itself that was asked for in a text."""
        if type(content) is not list and not _is_part(content):
            events.append(TextDelta(json.dumps(content, ensure_ascii=False), self.choice))
            return
        unknown = []
        for part in content if type(content) is list else [content]:
            if not self._part(part, events):
                unknown.append(part)
        if unknown:
            self._message_extra({"content_parts": unknown}, events)

    def _part(self, part: Any, events: Events) -> bool:
        match part:
            case str():
                events.append(TextDelta(part, self.choice))
            case {"type": "thinking" | "reasoning"}:
                return self._thought(part, events)
            case {"type": "refusal", "refusal": str(text)}:
                events.append(RefusalDelta(text, self.choice))
            case {"text": str(text)}:
                events.append(TextDelta(text, self.choice))
            case _:
                return False
        return True

    def _thought(self, part: JsonObject, events: Events) -> bool:
        text = next((text for name in THOUGHT if (text := _joined(part.get(name)))), "")
        signature = part.get("signature")
        if type(signature) is not str:
            signature = None
        if text or signature:
            events.append(ReasoningDelta(text, signature, self.choice))
        return bool(text or signature)

    def _extra(self, data: JsonObject, events: Events) -> None:
        if error := data.get("error"):
            raise parse_error(None, {"error": error}, {})
        extra = {name: data[name] for name in data.keys() - KNOWN if data[name] not in NOTHING}
        if logprobs := data.get("logprobs"):
            extra["logprobs"] = logprobs
        if extra:
            events.append(ExtraDelta(extra, self.choice))

    def _message_extra(self, fields: JsonObject, events: Events) -> None:
        said = {name: value for name, value in fields.items() if value not in NOTHING}
        if said:
            events.append(ExtraDelta({"message": said}, self.choice))

    def _finish(self, finish: str, events: Events) -> None:
        if finish.lower() in BROKEN:
            raise ProviderBroken(f"The provider broke the answer off: {finish[:100]}.")
        self.finish = finish
        events.append(Finished(FINISH.get(finish.lower(), "stop"), self.choice, finish))


def _detailed(details: Any) -> str:
    """OpenRouter's list of thoughts, for vendors that send it alone; it survives beside the text."""
    parts = _objects(details)
    return "".join(text for part in parts if type(text := part.get("text") or part.get("summary")) is str)


def _is_part(content: Any) -> bool:
    return type(content) is dict and ("type" in content or type(content.get("text")) is str)


def _joined(said: Any) -> str:
    """A text, or a list of parts that hold some."""
    if type(said) is str:
        return said
    return "".join(text for part in _objects(said) if type(text := part.get("text")) is str)


def _objects(value: Any) -> list[JsonObject]:
    """Those of a list; one alone may stand without its list."""
    return [item for item in (value if type(value) is list else [value]) if type(item) is dict]
