"""One gateway in a process of its own, the vendor behind it, and the books of both."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from config import env
from tests.llm.surfaces.registry import KEYS
from tests.serving import Serving
from tests.upstream import Upstream
from tests.upstream.received import Received

NATIVE, OPENAI, ANTHROPIC = "/api/v1/generate/", "/v1/chat/completions", "/v1/messages"
PATHS = {"native": NATIVE, "openai": OPENAI}
ROW_SECONDS = 5.0


@dataclass(slots=True)
class House:
    serving: Serving
    vendor: Upstream
    client: httpx2.Client

    @property
    def url(self) -> str:
        return self.serving.url

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = "main",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """`body` goes as JSON; `key` is the name of one of the registry's."""
        bearer = {} if key is None else {"authorization": f"Bearer {KEYS[key]}"}
        if body is not None:
            more["json"] = body
        return self.client.post(f"{self.url}{path}", headers=bearer | (headers or {}), **more)

    def ask(
        self, path: str, model: str, text: str = "Say it again", *, key: str = "main", **more: Any
    ) -> httpx2.Response:
        return self.post(path, question(model, text, **more), key=key)

    def row(self, name: str) -> dict[str, Any]:
        """The row of `gen_…`."""
        identity = UUID(name.removeprefix("gen_"))
        return self.row_where(lambda row: UUID(str(row["id"])) == identity)

    def row_of(self, session: str) -> dict[str, Any]:
        return self.row_where(lambda row: bool(row["session_id"] == session))

    def row_where(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The only such row, once it is there: those of clients that left are waited for by nobody."""
        deadline = time.monotonic() + ROW_SECONDS
        while not (found := [row for row in self.serving.rows() if holds(row)]):
            assert time.monotonic() < deadline, "there is no such row"
            time.sleep(0.02)
        assert len(found) == 1
        return plain(found[0])

    def python(self, asked: list[tuple[str, dict[str, Any]]]) -> list[Any]:
        """What comes of requests through the Python door, in a process of its own that has the same environment."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.llm.surfaces.python_door"],
            env=self.serving.environment,
            cwd=env.ROOT,
            input=json.dumps({"key": KEYS["main"], "asked": asked}),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def received(self, text: str) -> Received:
        """The one request at the vendor whose last message says `text`."""
        found = [one for one in self.vendor.requests if _last_words(one.json) == text]
        assert len(found) == 1, f"{len(found)} requests say {text!r}"
        return found[0]


def _last_words(body: Any) -> Any:
    """What a vendor was asked last, in its own dialect."""
    match body:
        case {"messages": [*_, {"content": said}]} | {"contents": [*_, {"parts": [*_, {"text": said}]}]}:
            return said
    return None


def question(model: str, text: str = "Say it again", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as any database would tell it: SQLite keeps JSON as text."""
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
        for name, value in row.items()
    }


def frames(text: str) -> list[tuple[str, Any]]:
    """The events of a stream: their names ("" for none) and their JSON, or the text where it is none."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ")[::2] for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = dict(lines)
            data = fields["data"]
            found.append((fields.get("event", ""), json.loads(data) if data[:1] == "{" else data))
    return found
