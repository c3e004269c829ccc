"""One question and its answer in a conversation: wait for the turn, take the past along, answer, keep what was said.

The answer is the gateway's own. While it comes no database connection is held: a lease that is renewed holds the turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from conversations import answers, history, turns
from conversations.live import LIVE, Live
from conversations.models import Conversation, MessageStatus
from conversations.names import CONVERSATION, MESSAGE, public
from conversations.requests import merged
from conversations.turns import Outcome, Question, Turn
from llm.call import Call, Record
from llm.dialects.errors import error_fields
from llm.dialects.fields import Fields
from llm.dialects.gatehouse import read_metadata, read_prompt
from llm.errors import GatewayError, RateLimited, Unavailable
from llm.gateway import Gateway
from llm.store import visit
from llm.types import Choice, EventStream, Message, Metadata, Request, Text
from llm.wiring import clock, metrics

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a question waits for its turn."""
RETRY_AFTER = 5.0
LOOK = 0.25
"""Seconds between two looks at a turn that another process holds."""
RENEW = 3.0
"""Seconds between two renewals of the lease; each keeps what was said so far."""
SETTLE = 1.0
"""The longest an answer's end waits until it is kept; the next message is to find it."""
AGAIN = (0.5, 2.0, 8.0)
"""Seconds until an answer that could not be kept is tried again."""

STATUSES = {
    "ok": MessageStatus.COMPLETE,
    "incomplete": MessageStatus.INCOMPLETE,
    "cancelled": MessageStatus.CANCELLED,
    "error": MessageStatus.ERROR,
}
"""By the status of the record. What was refused leaves no trace in the conversation."""

_places: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Who waits in this process for the same conversation stands in one line, and its head alone asks the database."""
_beside: set[asyncio.Task[Any]] = set()


class Exchange:
    """`stream` is the gateway's stream of one call, in its place in the conversation of that public id."""

    def __init__(self, conversation: str, gateway: Gateway) -> None:
        self._conversation = conversation
        self._gateway = gateway
        self._place = _places.setdefault(conversation, asyncio.Lock())
        self._live = Live()
        self._reached = False
        self._failure: GatewayError | None = None

    async def stream(self, call: Call) -> EventStream:
        """Raises `GatewayError`; RateLimited where the turn does not come in time."""
        turn = await self._turn(call)
        try:
            self._enter(call, turn)
            async with self._held(turn), aclosing(self._gateway.stream(call)) as batches:
                async for events in batches:
                    self._live.add(events)
                    yield events
        except GatewayError as error:
            self._failure = error
            raise
        finally:
            kept = beside(self._keep(turn, self._outcome(call)))
            if call.record.status != "cancelled":
                await asyncio.wait((kept,), timeout=SETTLE)

    async def _turn(self, call: Call) -> Turn:
        """Ours, within `PATIENCE`. Whoever leaves while it is being taken gives it back."""
        user = None if call.caller.user_id else call.request.metadata.user_id
        question = Question(call.caller, self._conversation, call.request.messages, user, call.id)
        began = clock().monotonic()
        try:
            turn = await self._in_time(question)
        except GatewayError as error:
            metrics().rejected(error.code)
            raise
        call.waited += clock().monotonic() - began
        call.record.queue_ms = call.waited * 1000
        return turn

    async def _in_time(self, question: Question) -> Turn:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._place.acquire()
                return await self._taken(question)
        except TimeoutError:
            raise RateLimited(
                "Other messages to this conversation are still being answered.",
                code="conversation_busy",
                hint="Messages to one conversation are answered one after the other.",
                retry_after=RETRY_AFTER,
            ) from None

    async def _taken(self, question: Question) -> Turn:
        """With our place in the line, which whoever fails here loses."""
        try:
            while True:
                taking = visit(turns.take, question, clock().now())
                try:
                    turn = await asyncio.shield(taking)
                except asyncio.CancelledError:
                    beside(_undo(taking))
                    raise
                if turn is not None:
                    return turn
                await asyncio.sleep(LOOK)
        except BaseException:  # whatever it was, the next one in line is not to wait for us
            self._place.release()
            raise

    def _enter(self, call: Call, turn: Turn) -> None:
        """The call becomes what the conversation makes of it."""
        LIVE[turn.answer] = self._live
        call.headers["x-gatehouse-conversation"] = self._conversation
        call.headers["x-gatehouse-message"] = public(MESSAGE, turn.answer)
        said = history.replayable([*turn.past, *call.request.messages])
        call.request = placed(call.request, turn.conversation, said)
        call.shorten = partial(history.shortened, said=len(said))
        waited = call.record.queue_ms
        call.record = Record.opened(call)
        call.record.queue_ms = waited
        if turn.dropped:
            call.record.warnings.append(f"The first {turn.dropped} messages were left out: there are too many to send.")

    @asynccontextmanager
    async def _held(self, turn: Turn) -> AsyncGenerator[None, None]:
        self._reached = True
        renewing = asyncio.create_task(self._renewing(turn))
        try:
            yield
        finally:
            renewing.cancel()

    async def _renewing(self, turn: Turn) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                held = await visit(turns.renew, turn, answers.spoken(self._live.choice), clock().now())
            except Unavailable:
                continue  # the lease lasts for several more tries
            if not held:
                return

    def _outcome(self, call: Call) -> Outcome:
        choice = next(iter(call.completion.choices), Choice()) if call.completion else self._live.choice
        status = STATUSES.get(call.record.status) if self._reached else None
        error = error_fields(self._failure, call.public_id) if self._failure else None
        return Outcome(status, answers.spoken(choice), answers.facts(call), error)

    async def _keep(self, turn: Turn, outcome: Outcome) -> None:
        try:
            await _given_back(turn, outcome)
        finally:
            self._live.end()
            LIVE.pop(turn.answer, None)
            self._place.release()


def placed(request: Request, ours: Conversation, said: list[Message]) -> Request:
    """The request with the conversation around it: its system message, all that was said, and what it says of every
    turn."""
    metadata = merged(_metadata(ours), request.metadata)
    system = [Message("system", [Text(ours.system)])] if ours.system else []
    return replace(
        request,
        messages=[*system, *said],
        model=request.model or ours.model,
        prompt=request.prompt or (read_prompt(Fields(ours.prompt, "prompt", strict=True)) if ours.prompt else None),
        metadata=replace(
            metadata,
            user_id=metadata.user_id or ours.user_id,
            session_id=metadata.session_id or public(CONVERSATION, ours.id),
        ),
    )


def _metadata(ours: Conversation) -> Metadata:
    return read_metadata(Fields(ours.metadata, "metadata", strict=True))


async def _given_back(turn: Turn, outcome: Outcome) -> None:
    for pause in (*AGAIN, None):
        try:
            if not await visit(turns.give_back, turn, outcome, clock().now()):
                log.warning("A turn of a conversation ended after its lease; its answer is not kept")
            return
        except Unavailable:
            if pause is None:
                log.warning("An answer in a conversation could not be kept: the database is out of reach")
                return
            await asyncio.sleep(pause)


async def _undo(taking: asyncio.Future[Turn | None]) -> None:
    """Whoever wanted the turn has left."""
    try:
        turn = await taking
    except GatewayError:
        return  # there is none to give back
    if turn is not None:
        await _given_back(turn, Outcome(None, {}))


def beside(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """`work` goes on whoever leaves; `close` waits for it."""
    task = asyncio.create_task(work)
    _beside.add(task)
    task.add_done_callback(_beside.discard)
    return task


async def close() -> None:
    await asyncio.gather(*_beside, return_exceptions=True)
