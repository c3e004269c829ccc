"""uvicorn's WebSocket protocol as we run it: what a client does not read, answer or finish holds nobody up."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from llm.lifecycle import DRAIN
from llm.surfaces.responses import DEAF

logger = logging.getLogger(__name__)

PING_SECONDS = 30.0
"""Between pings: proxies cut what is silent for a minute."""
PONG_SECONDS = 30.0
"""Without a pong after which a client counts as gone."""

UNSENT_BYTES = 64 * 1024
"""That the system takes from us beyond what is on its way to the client; left alone it takes megabytes."""
LINGER_SECONDS = 1.0
"""What a client that broke the protocol has to notice."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Kept for a slow reader: the transport's 64 KB, as much in the system's hands, and what was being said."""

    deaf: asyncio.TimerHandle | None = None
    """Runs while the buffer is full."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.client is not None:
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    async def send(self, message: Any) -> None:
        """One message at a time where there was no room: all who wait for it are woken at once."""
        while not self.writable.is_set():
            await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.deaf = self.loop.call_later(DEAF, self.give_up)

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def give_up(self) -> None:
        logger.warning("A client has read nothing for %g s: its socket is closed", DEAF)
        self.transport.abort()

    def _stop_waiting(self) -> None:
        if self.deaf is not None:
            self.deaf.cancel()
            self.deaf = None

    def keepalive_timeout(self) -> None:
        """A ping behind a full buffer cannot be answered; there `give_up` decides. An abort is heard of at once, a
        close only when the buffer is empty."""
        if self.deaf is not None:
            self.pong_timer = self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self.transport.abort()

    def handle_ping(self) -> None:
        """Who reads nothing gets no pongs: they would pile up without end."""
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(pong)

    def handle_cont(self, event: Frame) -> None:
        """Gathers fragments in one piece: millions of small ones would take many times their size."""
        whole: Any = self.frames[0]
        if isinstance(whole, bytes):
            whole = bytearray(whole)
            self.frames = [whole]
        whole += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, without its stack trace for text that is none."""
        if self.curr_msg_data_type == "text":
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.conn.fail(CloseCode.INVALID_DATA, "not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Reads on for a while: closed at once, a client that is still sending would lose our close frame."""
        if self.close_sent:
            return
        failed = self.conn.close_sent
        assert failed is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": failed.code, "reason": failed.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """An open socket is told, and its application closes it when nothing runs over it any more."""
        if self.handshake_complete and not self.close_sent:
            drain: Any = {"type": DRAIN}
            self.queue.put_nowait(drain)
        else:
            super().shutdown()
