"""A vendor's answer, streamed or whole, as events."""

from __future__ import annotations

from typing import Any

from llm.dialects.complaints import parse_error, parse_json
from llm.dialects.gemini.candidates import CandidateParser
from llm.dialects.gemini.usage import parse_usage
from llm.errors import ProviderBroken
from llm.types import CONTENT, Events, Finished, JsonObject, Started, UsageReport

MOST_CANDIDATES = 128
KNOWN = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "error"})


def parse_completion(body: object) -> Events:
    """A whole answer, also one that comes as the list of a stream's chunks.

    Raises ProviderError for a 200 that is none: an error, or neither content nor an end nor a refused prompt.
    """
    parser = ChunkParser()
    events = parser.parse_chunks(body)
    ended = {event.choice for event in events if type(event) is Finished}
    if not ended and not any(isinstance(event, CONTENT) for event in events):
        raise parse_error(None, body, {})
    return [*events, *(Finished("stop", choice) for choice in parser.candidates if choice not in ended)]


class StreamParser:
    """One stream, from the data of its frames. It has no mark of its end: a finish reason is all there is."""

    __slots__ = ("chunks", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self.chunks = ChunkParser()

    def parse(self, payload: bytes) -> Events:
        return self.chunks.parse_chunks(parse_json(payload))


class ChunkParser:
    """The chunks of one answer. Each tells of the usage so far, some of a part of it only."""

    __slots__ = ("candidates", "seen", "usage")

    def __init__(self) -> None:
        self.candidates: dict[int, CandidateParser] = {}
        self.seen: set[str] = set()
        self.usage: JsonObject = {}

    def parse_chunks(self, data: object) -> Events:
        return [event for chunk in (data if type(data) is list else [data]) for event in self.parse_chunk(chunk)]

    def parse_chunk(self, data: object) -> Events:
        """Raises ProviderError where the chunk tells of one."""
        if type(data) is not dict:
            raise ProviderBroken("The provider sent something that is no part of an answer.")
        events: Events = []
        if not data.keys() <= self.seen:
            self._look(data, events)
        candidates, usage = data.get("candidates"), data.get("usageMetadata")
        for place, candidate in enumerate(candidates if type(candidates) is list else ()):
            if type(candidate) is dict:
                index = candidate.get("index")
                index = index if type(index) is int else place
                parser = self.candidates.get(index) or self._begin(index)
                parser.parse(candidate, events)
        if usage and type(usage) is dict:
            self._count(usage, events)
        return events

    def _look(self, data: JsonObject, events: Events) -> None:
        """Fields not seen in this answer before: all of the first chunk's, mostly none after it."""
        if data.get("error"):
            raise parse_error(None, data, {})
        new = data.keys() - self.seen
        identity, model = (_word(data[name]) if name in new else None for name in ("responseId", "modelVersion"))
        extra = {name: data[name] for name in new - KNOWN if data[name]}
        if identity or model or extra:
            events.append(Started(identity, model, extra or None, "gemini"))
        if not data.get("candidates") and (reason := _block_reason(data)):
            events.append(Finished("content_filter", native=f"blockReason:{reason}"))
        self.seen |= new - {"error"}

    def _begin(self, index: int) -> CandidateParser:
        if not 0 <= index < MOST_CANDIDATES:
            raise ProviderBroken(f"The provider numbered a candidate {index}.")
        return self.candidates.setdefault(index, CandidateParser(index))

    def _count(self, usage: JsonObject, events: Events) -> None:
        self.usage |= usage
        counted = parse_usage(self.usage)
        if counted.total_tokens:
            events.append(UsageReport(counted))


def _block_reason(data: JsonObject) -> str | None:
    """Why the prompt was not even tried."""
    feedback = data.get("promptFeedback")
    return _word(feedback.get("blockReason")) if type(feedback) is dict else None


def _word(value: Any) -> str | None:
    return value if value and type(value) is str else None
