"""A vendor's answer, streamed or whole, as events."""

from __future__ import annotations

from typing import Any

from llm.dialects.complaints import parse_error, parse_json
from llm.dialects.openai.choices import NOTHING, ChoiceParser
from llm.dialects.openai.usage import parse_usage
from llm.errors import ProviderBroken, ProviderError
from llm.types import CONTENT, Events, Finished, JsonObject, Started, UsageReport

MOST_CHOICES = 128
KNOWN = frozenset({"id", "object", "created", "model", "choices", "usage", "error"})
PIECES = ("delta", "message")
WHOLE = ("message", "delta")
COMPLAINT = frozenset({"errors", "detail", "message", "error_message", "error_code", "msg"})
"""Fields that, where no choices are, tell of an error without calling it one."""
APART = "x_groq"
"""Where Groq puts the usage of a stream that was not asked for it."""
PADDING = frozenset({"obfuscation", "p"})
"""Random letters that hide the length of a chunk."""


def parse_completion(body: object) -> Events:
    """A whole answer. Raises ProviderError for a 200 that is none: an error, or neither content nor an end."""
    parser = ChunkParser(WHOLE)
    events = parser.parse_chunk(body)
    ended = {event.choice for event in events if type(event) is Finished}
    if not ended and not any(isinstance(event, CONTENT) for event in events):
        raise parse_error(None, body, {})
    return [*events, *parser.ends(ended)]


class StreamParser:
    """One stream, from the data of its frames. `[DONE]` ends the choices that were left open."""

    __slots__ = ("chunks", "ended", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self.chunks = ChunkParser()
        self.ended: set[int] = set()

    def parse(self, payload: bytes) -> Events:
        if payload.startswith(b"[DONE]"):
            self.is_done = True
            return self.chunks.ends(self.ended)
        events = self.chunks.parse_chunk(parse_json(payload))
        self.ended.update(event.choice for event in events if type(event) is Finished)
        return events


class ChunkParser:
    """The chunks of one answer: of ids that change the first one counts, of usage in every chunk the last."""

    __slots__ = ("choices", "fields", "seen")

    def __init__(self, fields: tuple[str, str] = PIECES) -> None:
        self.fields = fields
        self.choices: dict[int, ChoiceParser] = {}
        self.seen: set[str] = set()

    def parse_chunk(self, data: object) -> Events:
        """Raises ProviderError where the chunk tells of one."""
        if type(data) is not dict:
            raise _stray(data)
        events: Events = []
        if not data.keys() <= self.seen:
            self._look(data, events)
        usage, choices = data.get("usage"), data.get("choices")
        for place, choice in enumerate(choices if type(choices) is list else ()):
            if type(choice) is not dict:
                continue
            index = choice.get("index")
            if type(index) is not int:
                index = place
            parser = self.choices.get(index) or self._begin(index)
            parser.parse(choice, events)
            usage = usage or choice.get("usage")
        if not usage and type(apart := data.get(APART)) is dict:
            usage = apart.get("usage")
        if usage and type(usage) is dict:
            events.append(UsageReport(parse_usage(usage)))
        return events

    def ends(self, ended: set[int]) -> Events:
        """The ends of the choices that came without one."""
        return [Finished(parser.unsaid(), choice) for choice, parser in self.choices.items() if choice not in ended]

    def _look(self, data: JsonObject, events: Events) -> None:
        """Fields not seen in this stream before: all of the first chunk's, mostly none after it."""
        if data.get("error") or "error" in (data.get("object"), data.get("type")):
            raise parse_error(None, data, {})
        if "choices" not in data and not data.keys().isdisjoint(COMPLAINT):
            raise parse_error(None, data, {})
        new = data.keys() - self.seen
        extra = {name: data[name] for name in new - KNOWN - PADDING if data[name] not in NOTHING}
        identity = _word(data["id"]) if "id" in new else None
        model = _word(data["model"]) if "model" in new else None
        if identity or model or extra:
            events.append(Started(identity, model, extra or None, "openai"))
        # An empty id or model is looked at again (Azure's first chunk), an empty `error` for ever.
        self.seen |= {name for name in new if name != "error" and (data[name] or name not in ("id", "model"))}

    def _begin(self, index: int) -> ChoiceParser:
        if not 0 <= index < MOST_CHOICES:
            raise ProviderBroken(f"The provider numbered a choice {index}.")
        return self.choices.setdefault(index, ChoiceParser(index, self.fields))


def _stray(data: object) -> ProviderError:
    """Errors may come in a list; anything else is no part of an answer."""
    if isinstance(data, list) and data:
        return parse_error(None, data, {})
    return ProviderBroken("The provider sent something that is no part of an answer.")


def _word(value: Any) -> str | None:
    return value if value and type(value) is str else None
