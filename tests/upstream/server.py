"""The fake vendor on one event loop: hears requests, finds their shape and words, and plays the answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tests.upstream.answers import Question
from tests.upstream.connection import Connection
from tests.upstream.naming import AS_ASKED, UnknownWord, Use, name_of_try, parse
from tests.upstream.perform import perform, present
from tests.upstream.received import Received
from tests.upstream.script import Pause, Step
from tests.upstream.shapes import SHAPES
from tests.upstream.shapes.accents import accent_of
from tests.upstream.shapes.shape import Complaint, Shape
from tests.upstream.sse import Frame
from tests.upstream.tally import Tally

CONTROLS = {"/_stats", "/_ids", "/_release"}
"""What the process tells of itself; everything else is a vendor's."""
KEY = "sk-play-"
"""A vendor key of this beginning chooses the words for calls that name no model: `sk-play-status-401`."""


@dataclass(slots=True)
class Server:
    """`latency` is in seconds, before every first byte. `root` is the server's own address."""

    tally: Tally
    root: str
    latency: float = 0.0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _tries: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self.tally.sockets(+1)
        try:
            await self._converse(connection)
        except asyncio.CancelledError:
            # Nobody awaits this task, and Python 3.11's streams log an error for one that ends cancelled.
            connection.abort()
        finally:
            connection.close()
            self._disregard(connection)

    async def _converse(self, connection: Connection) -> None:
        open_still = True
        while open_still and (received := await connection.receive()):
            if received.path in CONTROLS:
                self._disregard(connection)
                await connection.tell(self._control(received.path))
                open_still = received.keeps_alive
            else:
                open_still = await self._answer(connection, received)

    def _disregard(self, connection: Connection) -> None:
        if connection.counts:
            connection.counts = False
            self.tally.sockets(-1)

    async def _answer(self, connection: Connection, received: Received) -> bool:
        """Whether the connection may carry another request."""
        self.tally.arrived(received)
        outcome, open_still = await connection.play(self._script(received), self.gate)
        self.tally.ended(received, outcome)
        return open_still and received.keeps_alive

    def _control(self, path: str) -> object:
        if path == "/_ids":
            return self.tally.lines()
        if path == "/_release":
            self.gate.set()
        return self.tally.stats()

    def _script(self, received: Received) -> list[Step]:
        for shape in SHAPES:
            if shape.hears(received):
                return [Pause(self.latency), *self._spoken(received, shape)]
        return self._listed(received)

    def _spoken(self, received: Received, shape: Shape) -> list[Step]:
        try:
            question = shape.question(received)
            uses = self._uses(question.text if question.model.startswith(AS_ASKED) else question.model, received)
        except Complaint as wrong:
            frame = Frame(wrong.body) if wrong.body else shape.error(wrong.status, str(wrong))
            return present(frame, Question(model=""), shape, [], status=wrong.status)
        except UnknownWord as wrong:
            return _refusal(shape, 400, str(wrong))
        except (AttributeError, KeyError, TypeError) as wrong:
            return _refusal(shape, 400, f"Malformed request: {wrong!r}.")
        question.root = self.root
        return perform(question, shape, uses)

    def _uses(self, name: str, received: Received) -> list[Use]:
        self._tries[name, received.id] += 1
        return parse(name_of_try(name, self._tries[name, received.id]))

    def _listed(self, received: Received) -> list[Step]:
        if received.path.startswith("/redirected"):
            return _presented(Frame({"redirected": True}), received)
        for shape in SHAPES:
            listing = shape.listing(received)
            if listing is not None:
                return _presented(Frame(listing), received, shape=shape)
        return _refusal(SHAPES[0], 404, f"Unknown request URL: {received.method} {received.path}.")


def _presented(frame: Frame, received: Received, *, shape: Shape = SHAPES[0]) -> list[Step]:
    accent = accent_of(received.path)
    unasked = accent is not None and accent.open_models and received.path.endswith("/models")
    name = received.key.removeprefix(KEY) if received.key.startswith(KEY) and not unasked else ""
    return present(frame, Question(model=name, key=received.key), shape, parse(name))


def _refusal(shape: Shape, status: int, message: str) -> list[Step]:
    return present(shape.error(status, message), Question(model=""), shape, [], status=status)
