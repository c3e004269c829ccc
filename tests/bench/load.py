"""Clients on raw sockets: so many at once for so long, and what each of them saw."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from tests.bench.house import VARIABLES


@dataclass
class Seen:
    """Milliseconds: whole answers, first bytes, gaps between pieces of a stream."""

    latencies: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Aim:
    url: str
    key: str
    stream: bool = False
    model: str = "gpt-4o-mini"
    prompt: bool = False


_numbers = count()


def body(aim: Aim) -> bytes:
    """Every prompt is different, so that no cache answers."""
    text = f"Say something about item {time.time_ns()}-{next(_numbers)}, please."
    return request(aim.url, aim.stream, aim.model, prompt=aim.prompt).replace("%N", text).encode()


def request(url: str, stream: bool, model: str = "", *, prompt: bool = False) -> str:
    """What is asked at `url`, in its dialect; %N stands for what makes a prompt different, which is a kept one's
    variable or the message itself."""
    asked: dict[str, Any] = {"stream": stream, "messages": [{"role": "user", "content": "%N"}]}
    if prompt:
        variables = {name: f"some value of {name}" for name in VARIABLES} | {VARIABLES[-1]: "%N"}
        asked |= {"messages": [], "gatehouse": {"prompt": {"name": "bench", "variables": variables}}}
    if url.endswith("/messages"):
        asked |= {"model": "claude-haiku-4-5", "max_tokens": 1000}
    else:
        asked |= {"model": model or "gpt-4o-mini"}
        if stream and url.endswith("/completions"):
            asked["stream_options"] = {"include_usage": True}
    return json.dumps(asked)


async def load(aim: Aim, *, clients: int, seconds: float = 0.0, requests: int = 0) -> Seen:
    """Each client asks again and again, for `seconds` or until `requests` are done in all."""
    seen, until = Seen(), time.monotonic() + seconds if seconds else None
    left = iter(range(requests)) if requests else None
    await asyncio.gather(*(_client(aim, seen, until, left) for _ in range(clients)))
    return seen


async def _client(aim: Aim, seen: Seen, until: float | None, left: object) -> None:
    address = urlsplit(aim.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
    while (until is None or time.monotonic() < until) and (left is None or next(left, None) is not None):  # type: ignore[call-overload]  # an iterator or nothing
        asked = body(aim)
        head = (
            f"POST {address.path} HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {aim.key}\r\ncontent-length: {len(asked)}\r\n\r\n"
        )
        began = time.monotonic()
        writer.write(head.encode() + asked)
        status = await _answer(reader, seen, began)
        if status != 200:
            seen.failed.append(str(status))
    writer.close()


async def _answer(reader: asyncio.StreamReader, seen: Seen, began: float) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    seen.firsts.append((time.monotonic() - began) * 1000)
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        await _pieces(reader, seen)
    seen.latencies.append((time.monotonic() - began) * 1000)
    return int(head.split(b" ", 2)[1])


async def _pieces(reader: asyncio.StreamReader, seen: Seen) -> None:
    last = time.monotonic()
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
        now = time.monotonic()
        seen.gaps.append((now - last) * 1000)
        last = now
    await reader.readexactly(2)


def percentile(values: list[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[int(share * (len(ranked) - 1))] if ranked else float("nan")
