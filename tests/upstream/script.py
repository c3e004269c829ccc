"""What happens on the socket, step by step: bytes, pauses, and the rude ways to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal


@dataclass(slots=True, frozen=True)
class Send:
    """One write. `says` marks the bytes that carry the answer's words."""

    data: bytes
    says: bool = False


@dataclass(slots=True, frozen=True)
class Pause:
    seconds: float


@dataclass(slots=True, frozen=True)
class Hold:
    """Wait until the test releases the gate."""


@dataclass(slots=True, frozen=True)
class Stall:
    """Say nothing more, and keep the socket open until the client leaves."""


@dataclass(slots=True, frozen=True)
class Reset:
    """Tear the connection down with a RST."""


@dataclass(slots=True, frozen=True)
class Close:
    """End the connection with a FIN. `complete`: the answer was whole, the close merely unannounced."""

    complete: bool = False


Step = Send | Pause | Hold | Stall | Reset | Close


@dataclass(slots=True)
class Piece:
    data: bytes
    says: bool = False


@dataclass(slots=True)
class Reply:
    """An HTTP answer before it becomes bytes. `framing`: how its end is told; `breath`: seconds between writes."""

    status: int
    headers: dict[str, str]
    pieces: list[Piece] = field(default_factory=list)
    framing: Literal["length", "chunked", "close"] = "length"
    breath: float = 0.0

    def body(self, data: bytes, content_type: str) -> None:
        self.framing = "length"
        self.headers["content-type"] = content_type
        self.pieces = [Piece(data, says=True)]


def framed(reply: Reply) -> list[Step]:
    """The reply as writes: the head, each piece (in a stream a chunk of its own), the end."""
    steps = _writes(reply)
    return [s for step in steps for s in (Pause(reply.breath), step)] if reply.breath else steps


def _writes(reply: Reply) -> list[Step]:
    if reply.framing == "chunked":
        chunks = [Send(b"%x\r\n%b\r\n" % (len(p.data), p.data), p.says) for p in reply.pieces if p.data]
        return [Send(_head(reply, {"transfer-encoding": "chunked"})), *chunks, Send(b"0\r\n\r\n")]
    sends = [Send(piece.data, piece.says) for piece in reply.pieces if piece.data]
    if reply.framing == "close":
        return [Send(_head(reply, {"connection": "close"})), *sends, Close(complete=True)]
    length = sum(len(piece.data) for piece in reply.pieces)
    return [Send(_head(reply, {"content-length": str(length)})), *sends]


def _head(reply: Reply, framing: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in (reply.headers | framing).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unnamed"
