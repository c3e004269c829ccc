"""The client's side, as bare as it gets: for tests that look at what goes over the wire."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any

import httpx2

from tests.upstream import Upstream


def question(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Say it again"}], **more}


def post(upstream: Upstream, model: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
    return httpx2.post(f"{upstream.base_url}/chat/completions", json=question(model, **more), headers=headers)


def events(answer: httpx2.Response) -> list[Any]:
    lines = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) if line != "[DONE]" else line for line in lines]


def deltas(answer: httpx2.Response) -> list[Any]:
    return [event["choices"][0]["delta"] for event in events(answer)[:-1] if event["choices"]]


def dial(upstream: Upstream, model: str, **more: Any) -> socket.socket:
    """A raw socket on which the question was asked."""
    body = json.dumps(question(model, **more)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    raw = socket.create_connection(("127.0.0.1", upstream.port), timeout=5)
    raw.sendall(head + body)
    return raw


def drain(raw: socket.socket) -> bytes:
    """All bytes up to the FIN; raises ConnectionResetError at a RST."""
    got = b""
    while piece := raw.recv(65_536):
        got += piece
    return got


def until(raw: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        piece = raw.recv(65_536)
        assert piece, got
        got += piece
    return got


def until_silent(raw: socket.socket, seconds: float = 0.05) -> bytes:
    """All bytes until none came for so long."""
    raw.settimeout(seconds)
    got = b""
    with suppress(TimeoutError):
        while piece := raw.recv(65_536):
            got += piece
    return got
