"""The way in for code of this project: `llm.generate()` and `llm.stream()`, and their async twins.

The native dialect without a socket. Sync callers cross one bridge: a thread with an event loop of its own, which keeps
its gateway and its connections.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing
from functools import cache
from typing import Any, TypeVar

from llm.dialects import native
from llm.surfaces.opening import open_call
from llm.types import Completion, JsonObject
from llm.wiring import close_parts, gateway

T = TypeVar("T")


async def agenerate(request: JsonObject, *, key: str) -> JsonObject:
    """The whole answer, as `POST /api/v1/generate/` gives it. Raises `GatewayError`."""
    call = await open_call({**request, "stream": False}, key, "python")
    completion = await gateway().complete(call)
    return native.render_completion(call.request, call.record, completion)


async def astream(request: JsonObject, *, key: str) -> AsyncGenerator[JsonObject, None]:
    """The chunks of an answer, and last the whole of it with `done`. Raises `GatewayError`."""
    call = await open_call({**request, "stream": True}, key, "python")
    renderer = native.StreamRenderer(call.request, call.record)
    async with aclosing(gateway().stream(call)) as batches:
        async for events in batches:
            for chunk in renderer.render_chunks(events):
                yield chunk
    yield {**native.render_completion(call.request, call.record, call.completion or Completion()), "done": True}


def generate(request: JsonObject, *, key: str) -> JsonObject:
    """`agenerate` for sync callers."""
    return _bridge().run(agenerate(request, key=key))


def stream(request: JsonObject, *, key: str) -> Iterator[JsonObject]:
    """`astream` for sync callers; leaving the loop early closes the upstream."""
    chunks = astream(request, key=key)
    try:
        while (chunk := _bridge().run(_next(chunks))) is not None:
            yield chunk
    finally:
        _bridge().run(chunks.aclose())


def close() -> None:
    """For scripts, at their end: the last records are written, connections closed."""
    _bridge().run(close_parts())


async def _next(chunks: AsyncGenerator[JsonObject, None]) -> JsonObject | None:
    return await anext(chunks, None)


class Bridge:
    """An event loop in a thread, for as long as the process lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="gatehouse-bridge", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Whoever is interrupted while waiting, by a worker's time limit say, takes the work with it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()


@cache
def _bridge() -> Bridge:
    return Bridge()
