"""`WS /ws/v1/generate/`: the native dialect over a socket, several answers at once.

A plain ASGI application. An idle socket is one task that waits for a message; no channel layer stands between an
answer and its reader.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from llm.call import Caller, new_id, public_id
from llm.errors import Forbidden, GatewayError, GoingAway, RateLimited, Unauthenticated
from llm.lifecycle import DRAIN, lifecycle
from llm.surfaces.auth import check_scope, credential, identify, meta_of
from llm.surfaces.cors import names
from llm.surfaces.dispatcher import Dispatcher, Receive, read
from llm.surfaces.line import Line, Message, Send, TooSlow
from llm.surfaces.turnstile import Turnstile
from llm.wiring import catalog, metrics

PROTOCOL = "gatehouse.v1"
KEY_PREFIX = "key."
"""Of a subprotocol that is a key: all that a browser can send along with its handshake."""
AUTHENTICATE_SECONDS = 5.0


class GenerateSocket:
    """Opens sockets for those with a key and hands them to a `Dispatcher`."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._open: Counter[int] = Counter()
        """Sockets of each key in this process."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        meta = meta_of(scope["headers"])
        origin = meta.get("HTTP_ORIGIN")
        if origin is not None and not await _is_granted(origin):
            metrics().rejected("origin_not_allowed")
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in scope["subprotocols"] else None})
        line = Line(send)
        try:
            if lifecycle.draining:
                raise GoingAway
            key = await _key(scope, meta, receive)
            if key is not None:
                await self._serve(key, origin, receive, line)
        except GatewayError as error:
            metrics().rejected(error.code)
            await line.complain(error, public_id(new_id()))
            await line.close(error)

    async def _serve(self, key: str, origin: str | None, receive: Receive, line: Line) -> None:
        caller = await identify(key)
        check_scope(caller, "generate")
        check_origin(caller, origin)
        with self._place(caller):
            await line.say({"type": "ready"})
            await Dispatcher(receive, line, key, self._turnstile).run()

    @contextmanager
    def _place(self, caller: Caller) -> Iterator[None]:
        """One of the sockets that a key may hold open."""
        most = settings.SOCKETS_PER_KEY
        if self._open[caller.key_id] >= most:
            raise RateLimited(f"This key has {most} sockets open already.", code="too_many_sockets")
        self._open[caller.key_id] += 1
        try:
            yield
        finally:
            self._open[caller.key_id] -= 1
            if not self._open[caller.key_id]:
                del self._open[caller.key_id]


async def _is_granted(origin: str) -> bool:
    """Whether any key names this origin, which may be new; whose it is shows when the key is known."""
    if names(catalog().origins(), origin):
        return True
    await catalog().fresh_snapshot()
    return names(catalog().origins(), origin)


def check_origin(caller: Caller, origin: str | None) -> None:
    """Only browsers send an origin, and theirs must be one of the key's own."""
    if origin is not None and not names(caller.origins, origin):
        raise Forbidden(
            "This key may not be used from this page.",
            code="origin_not_allowed",
            hint="Name the page's origin on the key.",
        )


async def _key(scope: Message, meta: dict[str, str], receive: Receive) -> str | None:
    """The key in the headers or the subprotocols, else in the first message; None where the client left instead."""
    offered = [said.removeprefix(KEY_PREFIX) for said in scope["subprotocols"] if said.startswith(KEY_PREFIX)]
    try:
        return credential(meta, *offered)
    except Unauthenticated as missing:
        return await _said_key(receive, missing)


async def _said_key(receive: Receive, missing: Unauthenticated) -> str | None:
    try:
        async with asyncio.timeout(AUTHENTICATE_SECONDS):
            message = await receive()
    except TimeoutError:
        raise TooSlow(f"No key came within {AUTHENTICATE_SECONDS:g} seconds.") from None
    if message["type"] == "websocket.disconnect":
        return None
    if message["type"] == DRAIN:
        raise GoingAway
    fields = read(message)
    fields.text("id")
    if fields.text("type") != "authenticate":
        raise missing
    key = fields.required_text("key", most=None)
    fields.rest()
    return key
