"""The seam to a dialect that callers speak: what a surface needs of it, whatever the transport."""

from __future__ import annotations

from typing import Protocol

from llm.call import Record
from llm.errors import GatewayError
from llm.types import Completion, Events, JsonObject, Request

HEARTBEAT = b": ping\n\n"
"""A comment, which clients of every dialect skip."""


class StreamRenderer(Protocol):
    """The frames of one answer, as bytes of a server-sent event stream. One of `done` and `error` comes last."""

    def render_events(self, events: Events) -> bytes:
        """One batch as one write; empty where nothing in it is for the client."""

    def render_done(self, record: Record, completion: Completion) -> bytes: ...

    def render_error(self, error: GatewayError, request_id: str) -> bytes: ...


class Dialect(Protocol):
    """Modules are dialects: `llm.dialects.native`, `llm.dialects.openai`.

    `forwarded` names the headers of a client that go on to an upstream of the same dialect; `heartbeat` keeps a silent
    stream open.
    """

    name: str
    forwarded: tuple[str, ...]
    heartbeat: bytes

    def parse_request(self, body: JsonObject) -> Request:
        """Raises InvalidField."""

    def render_completion(self, request: Request, record: Record, completion: Completion) -> JsonObject: ...

    def render_error(self, error: GatewayError, request_id: str) -> tuple[int, JsonObject]:
        """The HTTP status as clients of this dialect know it, and the body."""

    def StreamRenderer(self, request: Request, record: Record) -> StreamRenderer: ...  # noqa: N802  # a class is its own factory
