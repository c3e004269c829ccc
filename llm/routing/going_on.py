"""An answer that broke off in the middle, continued elsewhere: the client sees one stream."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from llm import tokens
from llm.errors import ProviderError
from llm.prepare import Candidate
from llm.types import (
    BlockDelta,
    Event,
    Events,
    EventStream,
    Finished,
    Message,
    ReasoningDelta,
    RefusalDelta,
    Request,
    Started,
    Text,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)

CONTINUATIONS = 2
"""How often one answer may be continued."""
QUIET = (Started, UsageReport, ReasoningDelta)
"""What may stand between words without making an answer more than text."""
BLOCKS = (None, "text", "reasoning")


class Said:
    """What a client has heard so far, by whom it was said."""

    def __init__(self) -> None:
        self.continuations = 0
        self._pieces: list[tuple[object, str]] = []
        self._is_plain = True

    def add(self, events: Events, by: object) -> None:
        for event in events:
            if type(event) is TextDelta:
                self._pieces.append((by, event.text))
            elif not (isinstance(event, QUIET) or (isinstance(event, BlockDelta) and event.kind in BLOCKS)):
                self._is_plain = False

    @property
    def text(self) -> str:
        return "".join(text for _, text in self._pieces)

    def of(self, speaker: object) -> str:
        return "".join(text for by, text in self._pieces if by is speaker)

    def may_go_on(self, error: ProviderError) -> bool:
        """It is plain text, not at its end, and broke off by no fault of its own."""
        text = self._is_plain and bool(self.text.strip())
        return text and error.retryable and self.continuations < CONTINUATIONS


def may_continue(request: Request) -> bool:
    return request.stream and (request.options.n or 1) == 1


def continued(candidate: Candidate, said: str) -> Candidate:
    """Asked to go on from what was `said`, which vendors want without white space at its end."""
    before = Message("assistant", [Text(said.rstrip())])
    request = replace(candidate.request, messages=[*candidate.request.messages, before])
    left = candidate.max_tokens and max(candidate.max_tokens - tokens.estimate(said), 1)
    return replace(candidate, request=request, max_tokens=left)


async def joined(stream: EventStream, candidate: Candidate, said: str) -> EventStream:
    """The rest of an answer as its continuation. What it says of itself is left out; its own usage is told."""
    usage, text, seam = False, [], said != said.rstrip()
    async with aclosing(stream) as batches:
        async for events in batches:
            kept: Events = []
            for event in events:
                if isinstance(event, TextDelta) and seam:
                    event = replace(event, text=event.text.lstrip())
                    seam = not event.text
                if isinstance(event, TextDelta):
                    text.append(event.text)
                usage = usage or isinstance(event, UsageReport)
                kept += _kept(event)
            if kept:
                yield kept
    if not usage:
        prompt, answer = tokens.estimate_request(candidate.request), tokens.estimate("".join(text))
        yield [UsageReport(Usage(prompt, answer, prompt + answer, estimated=True))]


def _kept(event: Event) -> Events:
    match event:
        case TextDelta(text=""):
            return []
        case TextDelta() | RefusalDelta() | ToolCallDelta() | Finished() | UsageReport():
            return [event]
        case Started():
            return [Started(event.upstream_id, event.upstream_model)]
        case BlockDelta(kind="tool_call"):
            return [replace(event, extra=None)]
        case _:
            return []
