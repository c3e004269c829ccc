"""A small ASGI application that `config.server` runs in the tests, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from llm.lifecycle import lifecycle


def say(line: str) -> None:
    print(line, flush=True)


@lifecycle.on_startup
async def opened() -> None:
    if os.environ.get("BROKEN"):
        raise RuntimeError("no store")
    say("opened")


@lifecycle.on_shutdown
async def closed() -> None:
    say("closed")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        await stream(send, chunks=int(scope["query_string"]))
    state = {"pid": os.getpid(), "draining": lifecycle.draining, "client": scope["client"][0]}
    await send({"type": "http.response.body", "body": json.dumps(state).encode()})


async def stream(send: Any, chunks: int) -> None:
    try:
        for _ in range(chunks):
            await send({"type": "http.response.body", "body": b"word ", "more_body": True})
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        say("cut")
        raise
