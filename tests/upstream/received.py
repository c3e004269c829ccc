"""One request as it arrived, and how its answer ended."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

NAMED = re.compile(r"[^?]*/([^/?]+):\w+(?:\?.*)?")
"""A path that names the model, as Gemini's do."""

Outcome = Literal["open", "completed", "broken", "aborted"]


@dataclass(slots=True)
class Received:
    """Headers have lower-case names; `json` is the body's, None where it is none.

    `outcome`: completed, broken off by us, or aborted by the client's leaving. `at` is when its last byte arrived, in
    seconds of the monotonic clock.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keeps_alive: bool = True
    outcome: Outcome = "open"
    model: str | None = None
    json: Any = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        try:
            self.json = json.loads(self.body)
        except ValueError:
            self.json = None
        if isinstance(self.json, dict) and isinstance(self.json.get("model"), str):
            self.model = self.json["model"]
        elif named := NAMED.fullmatch(self.path):
            self.model = unquote(named[1])

    def forget(self) -> None:
        """Let go of what was said; only the line of the books stays."""
        self.headers = {name: value for name, value in self.headers.items() if name == "x-client-request-id"}
        self.body, self.json = b"", None

    @property
    def id(self) -> str | None:
        """The gateway's own id of the call."""
        return self.headers.get("x-client-request-id")

    @property
    def key(self) -> str:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return bearer or self.headers.get("x-api-key") or self.headers.get("x-goog-api-key", "")

    def line(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "path": self.path,
            "model": self.model,
            "completed": self.outcome == "completed",
            "outcome": self.outcome,
        }
