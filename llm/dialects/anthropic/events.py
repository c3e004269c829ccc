"""A vendor's answer, streamed or whole, as events: a whole message is treated as one that comes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm.dialects.anthropic.content import ContentParser
from llm.dialects.anthropic.errors import status_of
from llm.dialects.anthropic.stops import DIALECT, FINISH
from llm.dialects.anthropic.usage import parse_usage
from llm.dialects.complaints import parse_error, parse_json
from llm.errors import ProviderBroken
from llm.types import Events, Finished, JsonObject, RefusalDelta, Started, UsageReport

KNOWN = frozenset({"id", "type", "role", "content", "model", "stop_reason", "usage"})
KNOWN_END = frozenset({"type", "delta", "usage"})


def parse_completion(body: object) -> Events:
    """A whole answer. Raises ProviderError for a 200 that is none: an error, or neither content nor an end."""
    if type(body) is not dict:
        raise ProviderBroken("The provider sent something that is no answer.")
    content, reason = body.get("content"), body.get("stop_reason")
    if body.get("error") or not (reason or content):
        raise _complaint(body)
    parser = StreamParser()
    events: Events = [Started(_word(body.get("id")), _word(body.get("model")), _rest(body, KNOWN), DIALECT)]
    for index, block in enumerate(content if type(content) is list else ()):
        parser.content.begin(index, block, events)
        parser.content.end(index, events)
    parser.end(body, body.get("usage"), events)
    return events if parser.is_finished else [*events, Finished("stop")]


class StreamParser:
    """One stream, from the data of its frames. `message_stop` ends it, and an answer that was left open."""

    __slots__ = ("content", "is_done", "is_finished", "usage")

    def __init__(self) -> None:
        self.is_done = self.is_finished = False
        self.content = ContentParser()
        self.usage: JsonObject = {}

    def parse(self, payload: bytes) -> Events:
        data = parse_json(payload)
        if type(data) is not dict:
            raise ProviderBroken("The provider sent something that is no part of an answer.")
        events: Events = []
        kind = data.get("type")
        if kind == "content_block_delta":
            self.content.delta(data.get("index"), data.get("delta"), events)
        elif kind in READERS:
            READERS[kind](self, data, events)
        elif data.get("error"):
            raise _complaint(data)
        return events

    def _start(self, data: JsonObject, events: Events) -> None:
        """It may come again, with its blocks numbered anew: the vendor began once more."""
        message = data.get("message")
        if type(message) is not dict:
            raise ProviderBroken("The provider began a message without one.")
        extra = _rest(message, KNOWN)
        events.append(Started(_word(message.get("id")), _word(message.get("model")), extra, DIALECT))
        self._count(message.get("usage"), events, estimated=True)

    def _begin(self, data: JsonObject, events: Events) -> None:
        self.content.begin(data.get("index"), data.get("content_block"), events)

    def _end_block(self, data: JsonObject, events: Events) -> None:
        self.content.end(data.get("index"), events)

    def _delta(self, data: JsonObject, events: Events) -> None:
        delta = data.get("delta")
        said = delta if type(delta) is dict else {}
        if extra := _rest({**data, **said}, KNOWN_END | KNOWN):
            events.append(Started(extra=extra, dialect=DIALECT))
        self.end(said, data.get("usage"), events)

    def _stop(self, data: JsonObject, events: Events) -> None:
        self.is_done = True
        if not self.is_finished:
            events.append(Finished("stop"))

    def _fail(self, data: JsonObject, events: Events) -> None:
        raise _complaint(data)

    def end(self, said: JsonObject, usage: object, events: Events) -> None:
        """What a message, or the last delta of one, says of its end."""
        reason, details = said.get("stop_reason"), said.get("stop_details")
        if type(details) is dict and _word(details.get("explanation")):
            events.append(RefusalDelta(details["explanation"]))
        if reason and not self.is_finished:
            self.is_finished = True
            events.append(Finished(FINISH.get(str(reason), "stop"), native=str(reason)))
        self._count(usage, events)

    def _count(self, usage: object, events: Events, *, estimated: bool = False) -> None:
        """Counts are cumulative, and what is not said again stands."""
        if type(usage) is dict and usage:
            self.usage.update({name: value for name, value in usage.items() if value is not None})
            events.append(UsageReport(parse_usage(self.usage, estimated=estimated)))


READERS: dict[Any, Callable[[StreamParser, JsonObject, Events], None]] = {
    "message_start": StreamParser._start,
    "content_block_start": StreamParser._begin,
    "content_block_stop": StreamParser._end_block,
    "message_delta": StreamParser._delta,
    "message_stop": StreamParser._stop,
    "error": StreamParser._fail,
}
"""Of other kinds, `ping` among them, nothing is to be told."""


def _complaint(data: JsonObject) -> Exception:
    return parse_error(status_of(data.get("error")), data, {})


def _rest(said: JsonObject, known: frozenset[str]) -> JsonObject | None:
    return {name: value for name, value in said.items() if name not in known and value is not None} or None


def _word(value: Any) -> str | None:
    return value if value and type(value) is str else None
