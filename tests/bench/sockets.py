"""WebSockets measured: many that say nothing beside streams that must not notice, and what an answer costs over one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from tests.bench.load import Aim, Seen, body, load

SOCKET = "/ws/v1/generate/"
AT_ONCE = 100
"""Handshakes under way together."""
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {key}\r\n\r\n"
)


def handshake(aim: Aim) -> bytes:
    return HANDSHAKE.format(path=SOCKET, host=urlsplit(aim.url).netloc, key=aim.key).encode()


class Idle(asyncio.Protocol):
    """Opens a socket, and answers pings for as long as it stays open."""

    def __init__(self, aim: Aim) -> None:
        self._aim = aim
        self._heard = b""
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(handshake(self._aim))

    def data_received(self, data: bytes) -> None:
        if data[:2] == b"\x89\x04":
            self.transport.write(b"\x8a\x84\0\0\0\0" + data[2:6])
        elif not self.ready.done():
            self._heard += data
            if b'"ready"' in self._heard:
                self.ready.set_result(True)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(self._heard[:200]))


@asynccontextmanager
async def idle(aim: Aim, count: int) -> AsyncIterator[list[Idle]]:
    """So many sockets, open until the end of the block."""
    address = urlsplit(aim.url)
    loop = asyncio.get_running_loop()
    opened: list[Idle] = []
    while len(opened) < count:
        dialled = [
            loop.create_connection(lambda: Idle(aim), address.hostname, address.port)
            for _ in range(min(AT_ONCE, count - len(opened)))
        ]
        fresh = [client for _, client in await asyncio.gather(*dialled)]
        await asyncio.gather(*(client.ready for client in fresh))
        opened += fresh
    try:
        yield opened
    finally:
        for client in opened:
            client.transport.abort()


async def talk(aim: Aim, *, clients: int, seconds: float) -> Seen:
    """As `load`, each client over a socket of its own."""
    seen, until = Seen(), time.monotonic() + seconds
    await asyncio.gather(*(_client(aim, seen, until) for _ in range(clients)))
    return seen


async def _client(aim: Aim, seen: Seen, until: float) -> None:
    address = urlsplit(aim.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
    writer.write(handshake(aim))
    await reader.readuntil(b'"ready"}')
    while time.monotonic() < until:
        asked = {"type": "generate", "id": "c1", "request": json.loads(body(replace(aim, stream=False)))}
        began = last = time.monotonic()
        writer.write(masked(json.dumps(asked).encode()))
        while (message := await _message(reader))[:15] != b'{"type":"done",':
            now = time.monotonic()
            seen.gaps.append((now - last) * 1000)
            last = now
            if message[:16] == b'{"type":"error",':
                seen.failed.append(message.decode())
                break
        seen.latencies.append((time.monotonic() - began) * 1000)
    writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next message, pings skipped: these clients do not live long enough to owe a pong."""
    while True:
        opcode, size = await reader.readexactly(2)
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        said = await reader.readexactly(size)
        if opcode == 0x81:
            return said


def masked(text: bytes) -> bytes:
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text


async def streams_beside(aim: Aim, clients: int) -> list[float]:
    """The gaps of so many event streams, one answer each."""
    seen = await load(aim, clients=clients, requests=clients)
    assert not seen.failed, seen.failed
    return [gap for gap in seen.gaps if gap > 0]
