"""uvicorn's WebSocket protocol as we run it, second by second: what it keeps for a client, and when it gives one up."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from config.websocket import LINGER_SECONDS, PING_SECONDS, PONG_SECONDS, SocketProtocol
from llm.surfaces.responses import DEAF
from tests.llm.surfaces import clockwork

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, PONG, TEXT, MORE, LAST = 0x89, 0x8A, 0x01, 0x00, 0x80


def frame(opcode: int, data: bytes = b"") -> bytes:
    """As a client sends it, masked with zeros."""
    return bytes([opcode, 0x80 | len(data)]) + b"\0\0\0\0" + data


class Transport(asyncio.Transport):
    """A client's end: what was written to it, and when it was cut or closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.ended: tuple[str, float] | None = None
        self.protocol: SocketProtocol

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.ended is not None

    def close(self) -> None:
        self._end("closed")

    def abort(self) -> None:
        self._end("aborted")

    def _end(self, how: str) -> None:
        loop = asyncio.get_running_loop()
        if self.ended is None:
            loop.call_soon(self.protocol.connection_lost, None)
        if self.ended is None or how == "aborted":
            self.ended = (how, loop.time())

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


Play = Callable[[SocketProtocol, Transport, Callable[[dict[str, Any]], Awaitable[None]]], Awaitable[None]]


def play(scene: Play) -> list[dict[str, Any]]:
    """Opens a socket, plays the scene, and returns what its application has received."""
    received: list[dict[str, Any]] = []

    async def stage() -> None:
        sends: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def application(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            sends.set_result(send)
            while (message := await receive())["type"] != "websocket.disconnect":
                received.append(message)
            received.append(message)

        config = uvicorn.Config(
            application, ws_ping_interval=PING_SECONDS, ws_ping_timeout=PONG_SECONDS, ws_per_message_deflate=False
        )
        config.load()
        config.loaded_app = application
        protocol, transport = SocketProtocol(config, ServerState(), {}), Transport()
        transport.protocol = protocol
        protocol.connection_made(transport)
        protocol.data_received(HANDSHAKE)
        send = await sends
        transport.written.clear()
        await scene(protocol, transport, send)
        transport.abort()
        await asyncio.sleep(0.1)

    clockwork.run(stage())
    return received


def test_a_client_that_reads_nothing_for_a_minute_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        began = asyncio.get_running_loop().time()
        protocol.pause_writing()
        saying = asyncio.ensure_future(send({"type": "websocket.send", "text": "more"}))
        await asyncio.sleep(DEAF - 1)
        assert transport.ended is None
        with pytest.raises(OSError):  # uvicorn's own kind of it
            await saying
        assert transport.ended == ("aborted", pytest.approx(began + DEAF, abs=0.01))

    assert play(scene)[-1]["type"] == "websocket.disconnect"
    assert [record[1] for record in caplog.record_tuples if record[0] == "config.websocket"] == [logging.WARNING]


def test_one_that_takes_its_time_is_waited_for() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        for _ in range(10):
            protocol.pause_writing()
            await asyncio.sleep(DEAF - 1)
            protocol.resume_writing()
        assert transport.ended is None

    play(scene)


def test_those_who_wait_for_room_speak_one_at_a_time() -> None:
    """The first one fills the buffer again, as far as this client is concerned."""

    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        protocol.pause_writing()
        told = [asyncio.ensure_future(send({"type": "websocket.send", "text": str(n)})) for n in range(9)]
        await asyncio.sleep(0.1)
        write = transport.write

        def fill(data: Any) -> None:
            write(data)
            protocol.pause_writing()

        transport.write = fill  # type: ignore[method-assign]  # a client whose buffer is full at once
        for count in range(1, 10):
            protocol.resume_writing()
            await asyncio.sleep(0.1)
            assert len(transport.written) == count
        await asyncio.gather(*told)
        protocol.resume_writing()

    play(scene)


def test_pings_are_answered_only_while_there_is_room() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        protocol.data_received(frame(PING, b"1"))
        protocol.pause_writing()
        for _ in range(1_000):
            protocol.data_received(frame(PING, b"2"))
        protocol.resume_writing()
        protocol.data_received(frame(PING, b"3"))
        assert transport.written == [b"\x8a\x011", b"\x8a\x013"]

    play(scene)


def test_a_client_that_answers_no_ping_is_gone() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(PING_SECONDS + PONG_SECONDS + 1)
        assert transport.ended == ("aborted", pytest.approx(began + PING_SECONDS + PONG_SECONDS, abs=0.01))

    assert play(scene)[-1]["type"] == "websocket.disconnect"


def test_one_that_answers_stays() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        for count in range(1, 20):
            await asyncio.sleep(PING_SECONDS + 1)
            assert len(transport.written) == count
            protocol.data_received(frame(PONG, transport.written[-1][2:]))
        assert transport.ended is None

    play(scene)


def test_a_ping_that_waits_behind_other_words_is_not_held_against_it() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        await asyncio.sleep(PING_SECONDS + 5)
        protocol.pause_writing()
        await asyncio.sleep(PONG_SECONDS + 5)
        assert transport.ended is None
        protocol.resume_writing()

    play(scene)


def test_fragments_are_kept_as_one_piece() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        protocol.data_received(frame(TEXT, b"<"))
        for _ in range(1_000):
            protocol.data_received(frame(MORE, b"."))
        assert [len(piece) for piece in protocol.frames] == [1_001]
        protocol.data_received(frame(LAST, b">"))
        await asyncio.sleep(0.1)

    assert play(scene)[0]["text"] == "<" + "." * 1_000 + ">"


def test_after_a_broken_frame_it_reads_on_for_a_while() -> None:
    """So that a client still sending gets to read why."""

    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        protocol.data_received(frame(TEXT | LAST, b"\xff"))
        assert transport.written == [b"\x88\x0b\x03\xefnot UTF-8"]
        protocol.data_received(b"whatever comes now")
        assert transport.ended is None
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(LINGER_SECONDS + 0.1)
        assert transport.ended == ("closed", pytest.approx(began + LINGER_SECONDS, abs=0.01))

    assert play(scene)[-1]["code"] == 1007


def test_when_the_server_ends_an_open_socket_is_told_and_left_to_its_application() -> None:
    async def scene(protocol: SocketProtocol, transport: Transport, send: Any) -> None:
        protocol.shutdown()
        await asyncio.sleep(1)
        assert transport.ended is None
        await send({"type": "websocket.close", "code": 1001})
        assert transport.written == [b"\x88\x02\x03\xe9"]

    assert play(scene)[0]["type"] == "gatehouse.drain"


async def test_little_is_kept_for_a_reader_that_stops() -> None:
    """In the process and, unsent, in the system; what is under way is the client's affair."""
    made: list[SocketProtocol] = []
    said = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal said
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "x" * 10_000})
            said += 10_000

    def build() -> SocketProtocol:
        made.append(SocketProtocol(config, ServerState(), {}))
        return made[-1]

    config = uvicorn.Config(application, ws_per_message_deflate=False)
    config.load()
    config.loaded_app = application
    server = await asyncio.get_running_loop().create_server(build, "127.0.0.1")
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        client.sendall(HANDSHAKE)
        before = -1
        while before < said or not said:
            before = said
            await asyncio.sleep(0.2)
        (protocol,) = made
        kept = protocol.transport.get_write_buffer_size() + unsent(protocol.transport.get_extra_info("socket"))
    server.close()

    assert 64 * 1024 < kept < 256 * 1024


def unsent(line: Any) -> int:
    """Bytes that the system (Linux) has not yet sent for a socket."""
    return int(struct.unpack("i", fcntl.ioctl(line.fileno(), 0x894B, b"\0\0\0\0"))[0])
