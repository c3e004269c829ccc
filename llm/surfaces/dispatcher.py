"""The messages that come over one open socket: each answer they ask for gets a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from llm.call import new_id, public_id
from llm.dialects.body import parse_body
from llm.dialects.fields import Fields
from llm.errors import GatewayError, GoingAway, InvalidField, MalformedBody, NotFound, RateLimited, Unauthenticated
from llm.lifecycle import DRAIN
from llm.surfaces.generation import Generation
from llm.surfaces.line import Line, Message
from llm.surfaces.turnstile import Turnstile
from llm.types import JsonObject
from llm.wiring import metrics

Receive = Callable[[], Awaitable[Message]]

KINDS = ("generate", "cancel", "ping", "authenticate")
MOST_AT_ONCE = 64
"""Answers on their way over one socket; who asks for more has lost count of them."""
TOO_MANY = f"At most {MOST_AT_ONCE} answers may be on their way over one socket, which takes no more and closes."
CUT_SECONDS = 1.0
"""What telling a client of the end may take when there is no more time."""


class Dispatcher:
    """A socket's task waits here for the next message, and hands out the work."""

    __slots__ = ("_key", "_leaving", "_line", "_receive", "_running", "_turnstile")

    def __init__(self, receive: Receive, line: Line, key: str, turnstile: Turnstile) -> None:
        self._receive = receive
        self._line = line
        self._key = key
        self._turnstile = turnstile
        self._running: dict[str, Generation] = {}
        self._leaving: GatewayError | None = None
        """Nothing new is begun; the socket closes with this once nothing runs."""

    async def run(self) -> None:
        """Until the client has left or the socket was closed. Then nothing runs any more."""
        try:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                if message["type"] == DRAIN:
                    await self._leave(GoingAway())
                else:
                    await self._take(message)
        except asyncio.CancelledError:
            await self._cut()
        finally:
            await self._stop(self._running.values())

    async def _take(self, message: Message) -> None:
        name = None
        try:
            fields = read(message)
            name = fields.text("id")
            await self._obey(fields, name)
        except GatewayError as error:
            metrics().rejected(error.code)
            await self._line.complain(error, public_id(new_id()), name)

    async def _obey(self, fields: Fields, name: str | None) -> None:
        match fields.word("type", KINDS):
            case "generate":
                await self._begin(_required(fields, name), fields)
            case "cancel":
                fields.rest()
                await self._cancel(_required(fields, name))
            case "ping":
                fields.rest()
                await self._line.say({"type": "pong", "id": name})
            case "authenticate":
                raise InvalidField("type: this socket has its key.", param="type", code="already_authenticated")
            case _:
                raise fields.wrong("type", None, f"one of {', '.join(KINDS)}")

    async def _begin(self, name: str, fields: Fields) -> None:
        body = fields.mapping("request")
        if body is None:
            raise fields.wrong("request", None, "an object")
        fields.rest()
        if name in self._running:
            raise InvalidField("id: an answer with this id is on its way.", param="id", code="id_in_use")
        if self._leaving is not None:
            raise self._leaving
        if len(self._running) >= MOST_AT_ONCE:
            self._leaving = RateLimited(TOO_MANY, code="too_many_generations")
            raise self._leaving
        generation = self._running[name] = Generation(name, self._line)
        generation.task = asyncio.get_running_loop().create_task(self._answer(generation, body))

    async def _answer(self, generation: Generation, body: JsonObject) -> None:
        try:
            await self._turnstile.enter()
            error = await generation.run(body, self._key)
        finally:
            self._running.pop(generation.name, None)
        if isinstance(error, Unauthenticated):
            self._leaving = self._leaving or error
        await self._close_when_idle()

    async def _cancel(self, name: str) -> None:
        generation = self._running.get(name)
        if generation is None:
            raise NotFound("No answer with this id is on its way.", param="id", code="generation_not_found")
        if generation.is_over:
            return
        await self._stop([generation])
        await generation.say_cancelled()
        await self._close_when_idle()

    async def _leave(self, error: GatewayError) -> None:
        """The first reason counts."""
        self._leaving = self._leaving or error
        await self._close_when_idle()

    async def _close_when_idle(self) -> None:
        if self._leaving is not None and not self._running:
            await self._line.close(self._leaving)

    async def _cut(self) -> None:
        """There is no more time: whoever still waits is told, if that can be done at once."""
        cut = list(self._running.values())
        await self._stop(cut)
        try:
            async with asyncio.timeout(CUT_SECONDS):
                for generation in cut:
                    await generation.fail(GoingAway())
                await self._line.close(GoingAway())
        except TimeoutError:
            pass  # it does not read

    async def _stop(self, generations: Collection[Generation]) -> None:
        """Returns when their upstreams are closed and their records written."""
        tasks = [generation.task for generation in generations]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for generation in list(generations):
            self._running.pop(generation.name, None)


def read(message: Message) -> Fields:
    """The one JSON object that a message holds. Raises MalformedBody."""
    text = message.get("text")
    if text is None:
        raise MalformedBody("The message is binary; send JSON as text.", code="binary_message")
    return Fields(parse_body(text.encode()), "", strict=True)


def _required(fields: Fields, name: str | None) -> str:
    if not name:
        raise fields.wrong("id", name, "a string")
    return name
