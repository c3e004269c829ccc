"""Streams off the wire: bytes in whatever pieces the network made of them, the payloads of their events out."""

from __future__ import annotations

from typing import Protocol

from llm.errors import ProviderBroken, ProviderError
from llm.providers.base import StreamParser
from llm.types import Events

MAX_FRAME = 16 * 1024 * 1024
"""Bytes that may gather without a frame coming to its end."""


BOM = b"\xef\xbb\xbf"


class Reader(Protocol):
    """Feeds on the pieces of one stream."""

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads that this piece completed, in order."""

    def end(self) -> list[bytes]:
        """What stood unfinished when the stream ended."""


class LineReader:
    """JSON lines: every line is a payload."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > MAX_FRAME:
            raise ProviderBroken("The provider's stream sent a line without an end.")
        return [line for line in lines if line.strip()]

    def end(self) -> list[bytes]:
        last, self._rest = self._rest.strip(), b""
        return [last] if last else []


class FrameReader:
    """Server-sent events. A payload is the joined `data:` lines of one event, or bare JSON, as vendors send it who
    break off with an error; all else is skipped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads that this piece completed, in order."""
        text = self._rest + piece if self._rest else piece
        if not self._begun:
            self._begun = not BOM.startswith(text)
            text = text.removeprefix(BOM)
        if b"\r" in text:
            # A CR at the end may be half of a CRLF: it stays as it is until its other half has come.
            text = text.replace(b"\r\n", b"\n")
        *frames, self._rest = text.split(b"\n\n")
        if len(self._rest) > MAX_FRAME:
            raise ProviderBroken("The provider's stream sent an event without an end.")
        return [payload for frame in frames if (payload := _payload(frame)) is not None]

    def end(self) -> list[bytes]:
        """What stood unfinished when the stream ended: some vendors leave out the last blank line."""
        last, self._rest = self._rest.replace(b"\r\n", b"\n"), b""
        payload = _payload(last.strip(b"\r\n"))
        return [] if payload is None else [payload]


class StreamedAnswer:
    """From the pieces of one stream to its events.

    A `failure` waits until the events that came before it, in the same piece, have been handed on.
    """

    def __init__(self, parser: StreamParser, reader: Reader) -> None:
        self.failure: ProviderError | None = None
        self._reader = reader
        self._parser = parser

    @property
    def is_done(self) -> bool:
        return self._parser.is_done

    def feed(self, piece: bytes) -> Events:
        return self._parsed(self._reader.feed(piece))

    def end(self) -> Events:
        """The stream is over: what stood in it without a last blank line."""
        return self._parsed(self._reader.end())

    def _parsed(self, payloads: list[bytes]) -> Events:
        events: Events = []
        for payload in payloads:
            if payload and not self._parser.is_done:
                try:
                    events += self._parser.parse(payload)
                except ProviderError as failure:
                    self.failure = failure
                    break
        return events


def _payload(frame: bytes) -> bytes | None:
    if frame.startswith(b"data: ") and b"\n" not in frame:
        return frame[6:]
    lines = [line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")]
    if lines:
        return b"\n".join(lines)
    return frame if frame.startswith((b"{", b"[")) else None
