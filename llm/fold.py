"""A stream of events folded into the answer it amounts to, and an answer replayed as its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from llm.types import (
    Choice,
    Completion,
    Event,
    Events,
    ExtraDelta,
    Finished,
    FinishReason,
    JsonObject,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageReport,
)

PIECES = frozenset({"data", "transcript"})
"""The strings among the extras that come in pieces: those of audio. Of any other the last one counts."""


@dataclass(slots=True)
class OpenCall:
    id: str = ""
    name: str = ""
    kind: str = "function"
    arguments: list[str] = field(default_factory=list)
    extras: list[JsonObject] = field(default_factory=list)

    def add(self, delta: ToolCallDelta) -> None:
        if delta.id or delta.name:
            self.id, self.name, self.kind = delta.id or self.id, delta.name or self.name, delta.kind
        self.arguments.append(delta.arguments)
        if delta.extra:
            self.extras.append(delta.extra)

    def close(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.arguments), self.kind, merged(self.extras))


@dataclass(slots=True)
class OpenChoice:
    """Pieces are gathered in lists and joined at the end, so that a long answer costs its length only."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    signature: str | None = None
    refusal: list[str] = field(default_factory=list)
    calls: list[OpenCall] = field(default_factory=list)
    extras: list[JsonObject] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    native_finish_reason: str | None = None

    def close(self) -> Choice:
        return Choice(
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            reasoning_signature=self.signature,
            refusal="".join(self.refusal),
            tool_calls=[call.close() for call in self.calls],
            finish_reason=self.finish_reason,
            native_finish_reason=self.native_finish_reason,
            extra=merged(self.extras),
        )


class Fold:
    """`completion` may be asked for at any moment: it is what has been said so far."""

    __slots__ = ("answer", "choices")

    def __init__(self) -> None:
        self.answer = Completion()
        self.choices: list[OpenChoice] = []

    def add(self, events: Events) -> bool:
        """True if the batch held content."""
        content = False
        for event in events:
            if type(event) is TextDelta:
                content = True
                self._choice(event.choice).text.append(event.text)
            else:
                content = self._add(event) or content
        return content

    @property
    def completion(self) -> Completion:
        self.answer.choices = [choice.close() for choice in self.choices]
        return self.answer

    def _add(self, event: Event) -> bool:
        match event:
            case Started():
                self._start(event)
            case UsageReport():
                self.answer.usage = event.usage
            case Finished():
                choice = self._choice(event.choice)
                choice.finish_reason, choice.native_finish_reason = event.reason, event.native
            case ExtraDelta():
                self._choice(event.choice).extras.append(event.fields)
            case ReasoningDelta():
                choice = self._choice(event.choice)
                choice.reasoning.append(event.text)
                choice.signature = event.signature or choice.signature
                return True
            case RefusalDelta():
                self._choice(event.choice).refusal.append(event.text)
                return True
            case ToolCallDelta():
                self._call(event).add(event)
                return True
        return False

    def _start(self, event: Started) -> None:
        answer = self.answer
        answer.upstream_id = event.upstream_id or answer.upstream_id
        answer.upstream_model = event.upstream_model or answer.upstream_model
        answer.dialect = event.dialect or answer.dialect
        if event.extra:
            answer.extra = {**(answer.extra or {}), **event.extra}

    def _choice(self, index: int) -> OpenChoice:
        while len(self.choices) <= index:
            self.choices.append(OpenChoice())
        return self.choices[index]

    def _call(self, delta: ToolCallDelta) -> OpenCall:
        calls = self._choice(delta.choice).calls
        while len(calls) <= delta.index:
            calls.append(OpenCall())
        return calls[delta.index]


def replay(completion: Completion) -> Events:
    """The events of a whole answer; folded, they are the answer again."""
    events: Events = [Started(completion.upstream_id, completion.upstream_model, completion.extra, completion.dialect)]
    for index, choice in enumerate(completion.choices):
        events += _replay_choice(index, choice)
    if completion.usage is not None:
        events.append(UsageReport(completion.usage))
    return events


def _replay_choice(index: int, choice: Choice) -> Events:
    events: Events = []
    if choice.reasoning or choice.reasoning_signature:
        events.append(ReasoningDelta(choice.reasoning, choice.reasoning_signature, index))
    if choice.text:
        events.append(TextDelta(choice.text, index))
    if choice.refusal:
        events.append(RefusalDelta(choice.refusal, index))
    for at, call in enumerate(choice.tool_calls):
        events.append(ToolCallDelta(at, call.id, call.name, call.arguments, call.kind, index, call.extra))
    if choice.extra:
        events.append(ExtraDelta(choice.extra, index))
    if choice.finish_reason is not None:
        events.append(Finished(choice.finish_reason, index, choice.native_finish_reason))
    return events or [TextDelta("", index)]


def merged(pieces: list[JsonObject]) -> JsonObject | None:
    """Objects laid over each other: lists grow, objects merge, of anything else the last one counts."""
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    gathered: dict[str, list[Any]] = {}
    for piece in pieces:
        for name, value in piece.items():
            gathered.setdefault(name, []).append(value)
    return {name: _merged_values(name, values) for name, values in gathered.items()}


def _merged_values(name: str, values: list[Any]) -> Any:
    values = [value for value in values if value is not None] or [None]
    kinds = {type(value) for value in values}
    if len(values) == 1 or len(kinds) > 1:
        return values[-1]
    if dict in kinds:
        return merged(values)
    if list in kinds:
        return list(chain.from_iterable(values))
    if str in kinds and name in PIECES:
        return "".join(values)
    return values[-1]
