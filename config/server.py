"""uvicorn as we run it: bounded request heads, a drain before the listener closes, a grace for streams, exit 0."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config.supervisor import STARTUP_FAILED
from config.websocket import PING_SECONDS, PONG_SECONDS, SocketProtocol
from llm.lifecycle import HOOK_SECONDS, lifecycle

logger = logging.getLogger(__name__)

BACKLOG = 2048
HEAD_BYTES = 64 * 1024
COLLECT = (10_000, 20, 100)
"""Objects made, and younger collections, before the collector walks a generation: with a thousand streams open a full
walk holds all of them up for a fifth of a second, and Python's own figures call for one every few seconds."""
CANCEL_SECONDS = 3.0
"""What a cancelled call gets to write its record before the process ends."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a request head beyond HEAD_BYTES, which the parser would gather without end."""

    head: int | None = None
    """Bytes of an unfinished head; None between a head and the next message."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head = 0

    def on_headers_complete(self) -> None:
        self.head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head is not None:
            self.head += len(data)
            if self.head > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")


class Server(uvicorn.Server):
    """The first signal drains and closes; a second one cuts what is still being answered."""

    hurried = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What start-up made stays: frozen, the collector need not walk it again and again."""
        try:
            await lifecycle.startup()
        except Exception:  # whatever a part's start-up raises, the process must say it and stop
            logger.exception("The gateway does not start")
            raise SystemExit(STARTUP_FAILED) from None
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT)
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Runs between two bytecodes of the main thread: hands over to the loop, which may be asleep."""
        self._loop.call_soon_threadsafe(self._hurry if lifecycle.draining else self._drain)

    def _drain(self) -> None:
        logger.info("Draining: /readyz is red, the listener closes in %g s", settings.DRAIN_SECONDS)
        lifecycle.draining = True
        self._loop.call_later(settings.DRAIN_SECONDS, self._leave)

    def _leave(self) -> None:
        self.should_exit = True

    def _hurry(self) -> None:
        self.hurried = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._until(self._is_idle, settings.GRACE_SECONDS)
        await self._cut()
        await lifecycle.shutdown()

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        deadline = self._loop.time() + seconds
        while not (holds() or self.hurried or self._loop.time() > deadline):  # noqa: ASYNC110  # uvicorn's sets tell nobody
            await asyncio.sleep(0.05)

    def _is_idle(self) -> bool:
        return not (self.server_state.connections or self.server_state.tasks or lifecycle.undertaken)

    async def _cut(self) -> None:
        lifecycle.cutting = True
        tasks = {*self.server_state.tasks, *lifecycle.undertaken}
        for task in tasks:
            task.cancel()
        if tasks:
            logger.warning("Cut %d answers at the end of the grace time", len(tasks))
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)


def run(listener: socket.socket, application: str = "config.asgi:application") -> None:
    """Serves on `listener` until a signal; returns when all is closed."""
    Server(configure(application)).run([listener])


def configure(application: str) -> uvicorn.Config:
    """Forwarded headers count from TRUSTED_PROXIES only. Log lines are Django's settings' business."""
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=BoundedProtocol,
        ws=SocketProtocol,
        ws_max_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        lifespan="off",
        log_config=None,
        access_log=settings.ACCESS_LOG,
        workers=1,
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that children may inherit. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def patience() -> float:
    """Seconds that a worker may take from the signal to its end; then it hangs."""
    return float(settings.DRAIN_SECONDS + settings.GRACE_SECONDS + CANCEL_SECONDS + HOOK_SECONDS)
