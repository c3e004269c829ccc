"""The least a Python gateway could do: raw ASGI and aiohttp, no key, no routing, no record."""

from __future__ import annotations

import os
from typing import Any

import aiohttp
import orjson

UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9100/v1/chat/completions")
_sessions: list[aiohttp.ClientSession] = []


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    if not _sessions:
        _sessions.append(aiohttp.ClientSession())
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    streamed = orjson.loads(body).get("stream")
    kind = b"text/event-stream" if streamed else b"application/json"
    async with _sessions[0].post(UPSTREAM, data=body, headers={"content-type": "application/json"}) as answer:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if streamed:
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": orjson.dumps(orjson.loads(await answer.read()))})
