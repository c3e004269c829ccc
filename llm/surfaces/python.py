"""The way in for code of this project: `llm.generate()` and `llm.stream()`, and their async twins.

The native dialect without a socket. Sync callers cross the one bridge.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from llm.bridge import bridge
from llm.call import Call
from llm.dialects import native
from llm.surfaces.auth import identify
from llm.surfaces.opening import open_call
from llm.types import Completion, JsonObject
from llm.wiring import close_parts, gateway

SURFACE = "python"


async def agenerate(request: JsonObject, *, key: str) -> JsonObject:
    """The whole answer, as `POST /api/v1/generate/` gives it. Raises `GatewayError`."""
    return await whole(await open_call({**request, "stream": False}, identify(key), SURFACE))


async def astream(request: JsonObject, *, key: str) -> AsyncGenerator[JsonObject, None]:
    """The chunks of an answer, and last the whole of it with `done`. Raises `GatewayError`."""
    call = await open_call({**request, "stream": True}, identify(key), SURFACE)
    renderer = native.StreamRenderer(call.request, call.record)
    async with aclosing(gateway().stream(call)) as batches:
        async for events in batches:
            for chunk in renderer.render_chunks(events):
                yield chunk
    yield {**native.render_completion(call.request, call.record, call.completion or Completion()), "done": True}


def generate(request: JsonObject, *, key: str) -> JsonObject:
    """`agenerate` for sync callers."""
    return bridge().run(agenerate(request, key=key))


def stream(request: JsonObject, *, key: str) -> Iterator[JsonObject]:
    """`astream` for sync callers; leaving the loop early closes the upstream."""
    chunks = astream(request, key=key)
    try:
        while (chunk := bridge().run(_next(chunks))) is not None:
            yield chunk
    finally:
        bridge().run(chunks.aclose())


def close() -> None:
    """For scripts, at their end: the last records are written, connections closed."""
    bridge().run(close_parts())


async def _next(chunks: AsyncGenerator[JsonObject, None]) -> JsonObject | None:
    return await anext(chunks, None)


async def whole(call: Call) -> JsonObject:
    completion = await gateway().complete(call)
    return native.render_completion(call.request, call.record, completion)
