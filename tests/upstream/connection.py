"""One client's socket: requests in, scripts out, and an ear for the client's leaving."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable
from contextlib import suppress
from itertools import pairwise
from typing import Literal

import h11

from tests.upstream.received import Outcome, Received
from tests.upstream.script import Close, Hold, Pause, Reset, Send, Stall, Step

READ = 65_536
AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: a close becomes a RST."""

Ending = Literal["completed", "closed", "broken"]


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self._left = False
        self.counts = True
        """Whether this is a vendor's client, and not one who asks the process for its counts."""

    async def receive(self) -> Received | None:
        """The next whole request; None when the client is gone, or speaks no HTTP."""
        parser = h11.Connection(h11.SERVER)
        if self._rest:
            parser.receive_data(self._rest)
            self._rest = b""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError:
                return None
            if event is h11.NEED_DATA:
                parser.receive_data(await self._read())
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head:
                self._rest = parser.trailing_data[0]
                return _received(head, bytes(body))
            else:
                return None

    async def play(self, script: list[Step], gate: asyncio.Event) -> tuple[Outcome, bool]:
        """How the answer ended, and whether the connection may carry another."""
        if self._left:
            return "aborted", False
        acting = asyncio.create_task(self._act(script, gate))
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({acting, listening}, return_when=asyncio.FIRST_COMPLETED)
            if not acting.done():
                return "aborted", False
            return _outcome(acting)
        finally:
            await _cancelled(acting)
            await _cancelled(listening)

    async def tell(self, counts: object) -> None:
        """Answer one who asks the process itself, and is no client of a vendor."""
        body = json.dumps(counts).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._writer.write(head + body)
        with suppress(ConnectionError):
            await self._writer.drain()

    def abort(self) -> None:
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()

    async def _read(self) -> bytes:
        try:
            data = await self._reader.read(READ)
        except ConnectionError:
            data = b""
        self._left = not data
        return data

    async def _listen(self) -> None:
        """Return when the client leaves; what it sends ahead is kept for the next request."""
        while data := await self._read():
            self._rest += data

    async def _act(self, script: list[Step], gate: asyncio.Event) -> Ending:
        for step, following in pairwise([*script, None]):
            match step:
                case Send(data):
                    if following == Close(complete=True):
                        self._cork()
                    self._writer.write(data)
                    await self._writer.drain()
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Hold():
                    await gate.wait()
                case Stall():
                    await asyncio.Event().wait()
                case Reset():
                    self._reset()
                    return "broken"
                case Close(complete):
                    return "closed" if complete else "broken"
        return "completed"

    def _cork(self) -> None:
        """Have the connection end with its last bytes: who has read them may use it again at once."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._writer.transport.abort()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.transport.get_extra_info("socket")
        return found


def _outcome(acting: asyncio.Task[Ending]) -> tuple[Outcome, bool]:
    try:
        ending = acting.result()
    except ConnectionError:
        return "aborted", False
    return ("broken" if ending == "broken" else "completed"), ending == "completed"


async def _cancelled(task: Awaitable[object]) -> None:
    running = asyncio.ensure_future(task)
    running.cancel()
    await asyncio.wait({running})


def _received(head: h11.Request, body: bytes) -> Received:
    headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    keeps = head.http_version == b"1.1" and headers.get("connection", "").lower() != "close"
    return Received(head.method.decode(), head.target.decode(), headers, body, keeps)
