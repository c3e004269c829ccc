"""A vendor's wire shape: it hears a request, and puts an answer into that vendor's words."""

from __future__ import annotations

from typing import Protocol

from tests.upstream.answers import Answer, JsonObject, Question
from tests.upstream.received import Received
from tests.upstream.sse import Frame


class Complaint(Exception):
    """A request that the vendor itself would refuse, with a body of its own words or the shape's."""

    def __init__(self, message: str, status: int = 400, body: JsonObject | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class Shape(Protocol):
    """`render` gives one frame for a plain answer, all frames of a stream otherwise."""

    name: str

    def hears(self, received: Received) -> bool: ...

    def question(self, received: Received) -> Question:
        """What is asked; raises Complaint where the vendor would."""

    def render(self, answer: Answer, question: Question) -> list[Frame]: ...

    def error(self, status: int, message: str, code: str | None = None) -> Frame: ...

    def headers(self) -> dict[str, str]: ...

    def listing(self, received: Received) -> JsonObject | None:
        """The answer to a GET that this shape knows."""
