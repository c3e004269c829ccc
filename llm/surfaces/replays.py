"""The `Idempotency-Key` header: the first call under it answers, to its end; whoever sends it again hears the same.

The database alone knows (`llm/claims.py`), so that one process may answer and another repeat.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from datetime import datetime
from hashlib import sha256
from threading import Event
from uuid import UUID
from weakref import WeakValueDictionary

from django.http import HttpRequest

from llm import claims
from llm.call import Call, Caller
from llm.canonical import unordered
from llm.claims import HEADER, Held, Kept, Wanted
from llm.errors import DeadlineExceeded, GatewayError, GoingAway, InvalidField, Unavailable
from llm.lifecycle import lifecycle
from llm.store import visit
from llm.surfaces.responses import Answer, Frames, Headers, answer_headers
from llm.types import JsonObject
from llm.wiring import clock

logger = logging.getLogger(__name__)

META = "HTTP_IDEMPOTENCY_KEY"
LONGEST = 255
REPLAYED = {"idempotent-replayed": "true"}

PATIENCE = 2.0
"""Seconds that the database has for its word on a claim."""
LOOK = 0.25
"""Seconds between two looks at a claim that another process holds."""
RENEW = 3.0
"""Seconds between two signs of life."""
SETTLE = 1.0
"""The longest an answer's end waits until it is kept."""
AGAIN = (0.5, 2.0, 8.0)
"""Seconds until what could not be kept is tried again."""

_places: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
"""Who comes with the same key to this process stands in one line behind the one who answers, and asks no database."""


def wanted(request: HttpRequest, caller: Caller, body: JsonObject) -> Wanted:
    """What the header says of this request. Raises InvalidField."""
    name = request.META[META]
    if not (1 <= len(name) <= LONGEST and name.isascii() and name.isprintable()):
        raise InvalidField(f"{HEADER}: must be 1 to {LONGEST} printable ASCII characters.", param=HEADER)
    return Wanted(caller.key_id, _digest([caller.user_id, name]), _digest([request.path, body]))


def _digest(value: object) -> str:
    return sha256(unordered(value)).hexdigest()


async def once(asked: Wanted, call: Call, answer: Answer) -> Answer:
    """The answer that is kept, else `answer` itself, which then comes to its end and is kept. Raises GatewayError."""
    place = _places.setdefault((asked.key_id, asked.digest), asyncio.Lock())
    began = clock().monotonic()
    try:
        async with asyncio.timeout(None if call.deadline is None else call.deadline - began):
            await place.acquire()
            taken = await _taken(asked, call, place)
    except TimeoutError:
        raise DeadlineExceeded("The first call with this Idempotency-Key did not end in time.") from None
    if isinstance(taken, Kept):
        place.release()
        return Answer(_all_at_once(taken.body), lambda: taken.headers | REPLAYED)
    call.waited += clock().monotonic() - began
    return Answer(Run(taken, call, answer.frames, place).frames(), answer.headers)


async def _taken(asked: Wanted, call: Call, place: asyncio.Lock) -> Held | Kept:
    """With our place in the line, which whoever fails here loses."""
    try:
        while True:
            if (taken := await _look(asked, call)) is not None:
                return taken
            await asyncio.sleep(LOOK)
    except BaseException:  # whatever it was, the next one in line is not to wait for us
        place.release()
        raise


async def _look(asked: Wanted, call: Call) -> Held | Kept | None:
    """A claim that comes too late, or for somebody who has left, is given back."""
    left = Event()
    taking = visit(_take, left, asked, call.id, clock().now())
    try:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(taking)
    except (TimeoutError, asyncio.CancelledError) as end:
        left.set()
        lifecycle.undertake(_undo(taking))
        if isinstance(end, TimeoutError):
            raise Unavailable(f"The database is out of reach, so {HEADER} cannot be kept.", retry_after=2.0) from None
        raise


def _take(left: Event, asked: Wanted, call: UUID, now: datetime) -> Held | Kept | None:
    """A database that was away has enough to do when it is back: not for those who have left meanwhile."""
    return None if left.is_set() else claims.take(asked, call, now)


async def _undo(taking: asyncio.Future[Held | Kept | None]) -> None:
    try:
        taken = await taking
        if isinstance(taken, Held):
            await visit(claims.release, taken)
    except GatewayError:
        return  # there is none to give back, or its lease will end by itself


def _lasting(call: Call) -> Headers:
    """What its headers say that stays true: of limits and budgets a replay knows nothing."""
    headers = answer_headers(call)
    return {
        name: value
        for name, value in headers.items()
        if name not in call.limits and not name.startswith("x-gatehouse-budget-")
    }


async def _all_at_once(body: bytes) -> Frames:
    yield body


class Run:
    """An answer that comes to its end though nobody listens; whoever listens hears all of it from its beginning.

    What has been said is held until then, however slowly it is read: it is what will be kept.
    """

    def __init__(self, held: Held, call: Call, frames: Frames, place: asyncio.Lock) -> None:
        self._held = held
        self._call = call
        self._frames = frames
        self._place = place
        self._said: list[bytes] = []
        self._news = asyncio.Event()
        self._failure: Exception | None = None
        self._is_over = False
        lifecycle.undertake(self._go())

    async def frames(self) -> Frames:
        """Raises what the answer's own frames raise; GoingAway where they are cut at the end of our time."""
        heard = 0
        while not (self._is_over and heard == len(self._said)):
            if heard == len(self._said):
                self._news.clear()
                await self._news.wait()
            for frame in self._said[heard:]:
                heard += 1
                yield frame
        if self._failure is not None:
            raise self._failure

    async def _go(self) -> None:
        renewing = asyncio.create_task(self._renewing())
        try:
            ending = asyncio.create_task(self._end(await self._whole()))
            await asyncio.wait((ending,), timeout=SETTLE)
            self._finish()
            await ending
        finally:
            renewing.cancel()
            self._finish()
            self._place.release()

    async def _whole(self) -> Kept | None:
        """None where it failed: nothing is kept then."""
        try:
            async with aclosing(self._frames) as frames:
                async for frame in frames:
                    self._said.append(frame)
                    self._news.set()
        except asyncio.CancelledError:
            self._failure = GoingAway()
            return None
        except Exception as error:  # noqa: BLE001  # whoever listens is told, in the words for it
            self._failure = error
            return None
        return Kept(_lasting(self._call), b"".join(self._said))

    def _finish(self) -> None:
        self._is_over = True
        self._news.set()

    async def _renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                if not await visit(claims.renew, self._held, clock().now()):
                    return
            except Unavailable:
                continue  # the lease lasts for several more tries

    async def _end(self, kept: Kept | None) -> None:
        for pause in (*AGAIN, None):
            try:
                if kept is None:
                    await visit(claims.release, self._held)
                elif not await visit(claims.keep, self._held, kept, clock().now()):
                    logger.warning("An answer ended after its claim on an idempotency key; it is not kept")
                return
            except Unavailable:
                if pause is None:
                    logger.warning("What came of an idempotency key could not be kept: the database is out of reach")
                    return
                await asyncio.sleep(pause)
