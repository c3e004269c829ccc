"""Redis servers that a test may freeze and kill, and one that is only played."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

import hiredis
import pytest

from llm.redis import GuardedRedis, StoreUnavailable
from tests.services import _binary, free_port, wait_until


class OwnRedis:
    """A real server on a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        server = _binary("redis-server", "valkey-server")
        command = [server, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        assert wait_until(self._answers)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(64))
        except OSError:
            return False


Command = list[bytes]
Answer = Callable[[Command, asyncio.StreamWriter], Awaitable[None]]


async def say_ok(command: Command, writer: asyncio.StreamWriter) -> None:
    writer.write(b"+OK\r\n")


class PlayedRedis:
    """Remembers what each read from the network brought, and answers every command as it is told to."""

    def __init__(self, answer: Answer = say_ok, tls: ssl.SSLContext | None = None) -> None:
        self.reads: list[list[Command]] = []
        self.connections = 0
        self.answer = answer
        self._tls = tls

    async def __aenter__(self) -> PlayedRedis:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"redis{'s' if self._tls else ''}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        asked: asyncio.Queue[Command] = asyncio.Queue()
        answering = asyncio.create_task(self._answer(asked, writer))
        parser = hiredis.Reader()
        while data := await reader.read(1 << 20):
            parser.feed(data)
            commands: list[Command] = []
            while (command := parser.gets()) is not False:
                commands.append(command)
                asked.put_nowait(command)
            self.reads.append(commands)
        answering.cancel()
        writer.close()

    async def _answer(self, asked: asyncio.Queue[Command], writer: asyncio.StreamWriter) -> None:
        while True:
            await self.answer(await asked.get(), writer)


async def refused(guarded: GuardedRedis) -> float:
    """Seconds until a command is refused."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await guarded.run("PING")
    return time.monotonic() - began


async def available(guarded: GuardedRedis) -> None:
    async with asyncio.timeout(5):
        while not guarded.is_available:  # noqa: ASYNC110 - a real server's return sets no event
            await asyncio.sleep(0.01)
