"""A client as bare as it gets: it can leave rudely, stop reading, and send what no library would."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any, Literal

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS

Manner = Literal["close", "reset", "half-close"]
PATIENCE = 10.0
PIECE = 65_536


def dial(house: House, path: str, body: dict[str, Any]) -> socket.socket:
    """A socket on which a request was sent."""
    return send(house, request(path, json.dumps(body).encode()))


def send(house: House, data: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", house.serving.port), timeout=PATIENCE)
    line.sendall(data)
    return line


def request(path: str, body: bytes, *headers: str, method: str = "POST", key: str = "main") -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {KEYS[key]}",
        "content-type: application/json",
        *(headers or (f"content-length: {len(body)}",)),
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def read_until(line: socket.socket, mark: bytes) -> bytes:
    got = bytearray()
    while got.find(mark, max(0, len(got) - PIECE - len(mark))) < 0:
        piece = line.recv(PIECE)
        assert piece, f"the line ended before {mark!r}: {bytes(got[-1000:])!r}"
        got += piece
    return bytes(got)


def leave(line: socket.socket, manner: Manner) -> None:
    if manner == "half-close":
        line.shutdown(socket.SHUT_WR)
        return
    if manner == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def read_to_end(line: socket.socket) -> bytes:
    """All bytes until the other side has closed its end too."""
    got = bytearray()
    while piece := line.recv(PIECE):
        got += piece
    return bytes(got)
