"""A stream of events folded into the answer it amounts to, and an answer replayed as its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from llm.types import (
    Block,
    BlockDelta,
    BlockKind,
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

PIECES = frozenset({"data", "transcript", "partial_json"})
"""The strings among the extras that come in pieces: those of audio, and JSON that is still being written. Of any other
the last one counts."""


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
class OpenBlock:
    """`start` is the place of its first piece among those of its kind."""

    kind: BlockKind
    start: int
    signature: str | None = None
    extras: list[JsonObject] = field(default_factory=list)

    def close(self, pieces: list[str]) -> Block:
        return Block(self.kind, sum(map(len, pieces)), self.signature, merged(self.extras))


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
    blocks: list[OpenBlock] = field(default_factory=list)

    def add_block(self, delta: BlockDelta) -> None:
        if delta.kind is not None:
            self.blocks.append(OpenBlock(delta.kind, len(self._pieces(delta.kind))))
        if delta.extra and self.blocks:
            self.blocks[-1].extras.append(delta.extra)

    def sign(self, signature: str) -> None:
        self.signature = signature
        if self.blocks and self.blocks[-1].kind == "reasoning":
            self.blocks[-1].signature = signature

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
            blocks=self._close_blocks() if self.blocks else None,
        )

    def _pieces(self, kind: BlockKind) -> list[str]:
        return self.text if kind == "text" else self.reasoning if kind == "reasoning" else []

    def _close_blocks(self) -> list[Block]:
        """From the last to the first: each ends where the next of its kind begins."""
        ends: dict[BlockKind, int] = {}
        closed = []
        for block in reversed(self.blocks):
            closed.append(block.close(self._pieces(block.kind)[block.start : ends.get(block.kind)]))
            ends[block.kind] = block.start
        return closed[::-1]


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
                if event.signature:
                    choice.sign(event.signature)
                return True
            case RefusalDelta():
                self._choice(event.choice).refusal.append(event.text)
                return True
            case ToolCallDelta():
                self._call(event).add(event)
                return True
            case BlockDelta():
                self._choice(event.choice).add_block(event)
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
    events: Events = list(_replay_blocks(index, choice))
    if choice.refusal:
        events.append(RefusalDelta(choice.refusal, index))
    if choice.extra:
        events.append(ExtraDelta(choice.extra, index))
    if choice.finish_reason is not None:
        events.append(Finished(choice.finish_reason, index, choice.native_finish_reason))
    return events or [TextDelta("", index)]


def _replay_blocks(index: int, choice: Choice) -> Iterator[Event]:
    """The texts and calls, cut along the blocks where there are some."""
    if choice.blocks is None:
        thought = Block("reasoning", len(choice.reasoning), choice.reasoning_signature)
        blocks = [thought, Block("text", len(choice.text)), *(Block("tool_call") for _ in choice.tool_calls)]
    else:
        blocks = choice.blocks
    heard = said = called = 0
    for block in blocks:
        if choice.blocks is not None:
            yield BlockDelta(block.kind, block.extra, index)
        match block.kind:
            case "reasoning" if block.length or block.signature:
                yield ReasoningDelta(choice.reasoning[heard : heard + block.length], block.signature, index)
                heard += block.length
            case "text" if block.length:
                yield TextDelta(choice.text[said : said + block.length], index)
                said += block.length
            case "tool_call" if called < len(choice.tool_calls):
                yield _replay_call(called, choice.tool_calls[called], index)
                called += 1


def _replay_call(at: int, call: ToolCall, choice: int) -> ToolCallDelta:
    return ToolCallDelta(at, call.id, call.name, call.arguments, call.kind, choice, call.extra)


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
