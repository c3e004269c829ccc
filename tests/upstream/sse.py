"""One message of an answer, and how a stream writes it down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Frame:
    """`payload` is JSON, or text that is sent as it stands. `says` tells content from everything around it.

    `newline` is set where the vendor writes another one than most.
    """

    payload: Any
    says: bool = False
    event: str | None = None
    newline: str | None = None

    def text(self, indent: int | None = None) -> str:
        if isinstance(self.payload, str):
            return self.payload
        return json.dumps(self.payload, ensure_ascii=False, indent=indent)


@dataclass(slots=True)
class Style:
    """The liberties that the format of server-sent events grants, and vendors take."""

    newline: str = "\n"
    space: str = " "
    comments: bool = False
    names: bool = False
    multiline: bool = False

    def render(self, frame: Frame, number: int) -> bytes:
        lines = [f": keep-alive {number}", ""] if self.comments else []
        if frame.event or self.names:
            lines.append(f"event:{self.space}{frame.event or 'message'}")
        if self.names:
            lines.append(f"id:{self.space}{number}")
        text = frame.text(indent=1 if self.multiline else None)
        lines += [f"data:{self.space}{line}" for line in (text.split("\n") if self.multiline else [text])]
        newline = frame.newline or self.newline
        return "".join(line + newline for line in [*lines, ""]).encode()
