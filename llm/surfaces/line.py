"""One socket's way out: what is said over it, and the codes it is closed with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from llm.dialects import native
from llm.errors import (
    BodyTooLarge,
    CallerError,
    Forbidden,
    GatewayError,
    GoingAway,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

INTERNAL = 1011


class TooSlow(CallerError):
    status = 408
    type = "authentication_error"
    code = "authentication_timeout"


CODES: dict[type[GatewayError], int] = {
    GoingAway: 1001,
    BodyTooLarge: 1009,
    Unavailable: 1013,
    Unauthenticated: 4401,
    Forbidden: 4403,
    TooSlow: 4408,
    RateLimited: 4429,
    CallerError: 4401,
}
"""The first kind that an error is of counts: any other of the caller's is one of a key that could not be read."""


def close_code(error: GatewayError) -> int:
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), INTERNAL)


class Line:
    """Says messages as JSON. A client that has left is none of its business: whoever listens hears of that."""

    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    async def say(self, message: Message) -> None:
        """Returns once there is room for it; the client's reading sets the pace."""
        await self._put({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    async def complain(self, error: GatewayError, request_id: str, name: str | None = None) -> None:
        """`name` is the client's id of what failed."""
        _, envelope = native.render_error(error, request_id)
        await self.say({"type": "error", "id": name, **envelope})

    async def close(self, error: GatewayError) -> None:
        await self._put({"type": "websocket.close", "code": close_code(error), "reason": error.code})

    async def _put(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            pass  # the client has left, and its disconnect waits to be received
