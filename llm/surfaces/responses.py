"""Answers on their way out: the headers every answer carries, and a stream that holds its status line back."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase

from llm.call import Call
from llm.errors import GatewayError
from llm.lifecycle import lifecycle
from llm.prices import dollars

logger = logging.getLogger(__name__)

HOLD = 15.0
"""Seconds the status line waits for the first content, and between heartbeats."""
DEAF = 60.0
"""Seconds that a client may leave what was sent to it unread before it counts as gone."""
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
UNPRINTABLE = re.compile(r"[^ -~]")
"""What callers wrote may stand in a warning, and must not break a header's line."""
LONGEST_WARNINGS = 2_000

Headers = dict[str, str]
Frames = AsyncGenerator[bytes, None]
Send = Callable[[dict[str, Any]], Any]


def identity_headers(public_id: str) -> Headers:
    return {"x-request-id": public_id, "request-id": public_id}


def answer_headers(call: Call) -> Headers:
    """What is known of the answer when its headers leave."""
    record = call.record
    headers = identity_headers(call.public_id)
    headers["x-gatehouse-cache"] = record.cache
    headers["x-gatehouse-attempts"] = str(record.tries)
    headers["x-gatehouse-overhead-ms"] = f"{record.overhead_ms:.2f}"
    if record.provider:
        headers["x-gatehouse-provider"] = record.provider
        headers["x-gatehouse-model"] = record.model or ""
    if record.warnings:
        headers["x-gatehouse-warnings"] = UNPRINTABLE.sub("?", "; ".join(record.warnings))[:LONGEST_WARNINGS]
    if not record.streamed and (cost := dollars(record.cost)) is not None:
        headers["x-gatehouse-cost"] = cost
    return headers | call.limits | call.headers


@dataclass(slots=True, frozen=True)
class Answer:
    """Its bytes, a stream's as they come and others in one frame; its headers are asked for when they leave."""

    frames: Frames
    headers: Callable[[], Headers]


@dataclass(slots=True, frozen=True)
class StreamVoice:
    """How a stream speaks to its client: its headers, once they leave; a refusal before that; an error after it."""

    headers: Callable[[], Headers]
    refuse: Callable[[GatewayError], HttpResponse]
    interrupt: Callable[[GatewayError], bytes]
    heartbeat: bytes


class EventStreamResponse(HttpResponseBase):
    """Server-sent events. The status line waits for the first frame, at most `HOLD` seconds; then heartbeats begin."""

    streaming = True

    def __init__(self, frames: Frames, voice: StreamVoice) -> None:
        super().__init__(content_type=STREAM_HEADERS["content-type"])
        self._frames = frames
        self._voice = voice

    async def deliver(self, send: Send) -> None:
        """Send the whole answer over ASGI; closes the frames whatever happens."""
        pulse = Pulse(send, self._voice, _this_task())
        try:
            with lifecycle.telling():
                async with aclosing(self._frames) as frames:
                    async for frame in frames:
                        await pulse.send(frame)
        except GatewayError as error:
            await self._fail(pulse, send, error)
        except Exception as error:  # the client is owed an end, whatever bug of ours this is
            logger.exception("A stream broke off")
            await self._fail(pulse, send, GatewayError(f"Internal error ({type(error).__name__})."))
        except asyncio.CancelledError:
            if not pulse.is_deaf:
                raise
            pulse.serving.uncancel()
            logger.warning("A client has read nothing for %g s: its call is cancelled", DEAF)
        else:
            await pulse.end()
        finally:
            pulse.stop()

    async def _fail(self, pulse: Pulse, send: Send, error: GatewayError) -> None:
        if pulse.started:
            await pulse.send(self._voice.interrupt(error))
            await pulse.end()
        else:
            await send_plain(self._voice.refuse(error), send)


class Pulse:
    """Sends frames, and heartbeats where no frame came for `HOLD` seconds. Cancels its task where the client is deaf:
    a frame that waits for its reader holds up the vendor, and would for ever."""

    def __init__(self, send: Send, voice: StreamVoice, serving: asyncio.Task[Any]) -> None:
        self._send = send
        self._voice = voice
        self.serving = serving
        self.started = self.is_deaf = self._waits = False
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer = self._loop.call_later(HOLD, self._tick)
        self._beating: asyncio.Task[None] | None = None

    async def send(self, frame: bytes) -> None:
        if not self.started:
            self.started = True
            await self._put(_start(200, STREAM_HEADERS | self._voice.headers()))
        await self._put({"type": "http.response.body", "body": frame, "more_body": True})

    async def end(self) -> None:
        self.stop()
        await self._send({"type": "http.response.body", "body": b""})

    async def _put(self, message: dict[str, Any]) -> None:
        self._last, self._waits = self._loop.time(), True
        await self._send(message)
        self._waits = False

    def stop(self) -> None:
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()

    def _tick(self) -> None:
        """Only a silence of the full length is worth a heartbeat; the timer is set again for the rest of it."""
        silent = self._loop.time() - self._last
        if self._waits and silent >= DEAF:
            self.is_deaf = self.serving.cancel()
        elif silent >= HOLD and not self._waits:
            self._beating = self._loop.create_task(self.send(self._voice.heartbeat))
        self._timer = self._loop.call_later(HOLD - silent % HOLD, self._tick)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def send_plain(response: HttpResponse, send: Send) -> None:
    headers = {**response.headers, "content-length": str(len(response.content))}
    await send(_start(response.status_code, headers))
    await send({"type": "http.response.body", "body": response.content})


def _start(status: int, headers: Headers) -> dict[str, Any]:
    pairs = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}
