"""A client of the socket: what it says and hears, over the `websockets` library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.llm.surfaces.house import House, question
from tests.llm.surfaces.registry import KEYS

PATIENCE = 10.0
ENDS = ("done", "cancelled", "error")

Heard = dict[str, Any]


class Talk:
    """One open socket."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line

    def say(self, **message: Any) -> None:
        self.line.send(json.dumps(message))

    def hear(self) -> Heard:
        heard: Heard = json.loads(self.line.recv(timeout=PATIENCE))
        return heard

    def ask(self, name: str, model: str, text: str = "Say it again", **more: Any) -> None:
        self.say(type="generate", id=name, request=question(model, text, **more))

    def until(self, *kinds: str, name: str | None = None) -> list[Heard]:
        """What is heard up to the first such message, of one name alone where one is given."""
        heard: list[Heard] = []
        while not heard or heard[-1]["type"] not in kinds:
            message = self.hear()
            if name is None or message["id"] == name:
                heard.append(message)
        return heard

    def answer(self, name: str, model: str, text: str = "Say it again", **more: Any) -> list[Heard]:
        self.ask(name, model, text, **more)
        return self.until(*ENDS, name=name)

    def refusal(self) -> Heard:
        """The error that comes next."""
        heard = self.hear()
        assert heard["type"] == "error", heard
        error: Heard = heard["error"]
        return error

    def rest(self) -> list[Heard]:
        """All that is heard until the other side closes."""
        heard: list[Heard] = []
        with suppress(ConnectionClosed):
            while True:
                heard.append(self.hear())
        return heard

    def code(self) -> int:
        """What the other side closes with, and nothing is said any more."""
        assert self.rest() == []
        assert self.line.close_code is not None
        return self.line.close_code


def address(house: House) -> str:
    return f"ws://127.0.0.1:{house.serving.port}/ws/v1/generate/"


@contextmanager
def dialled(house: House, **how: Any) -> Iterator[Talk]:
    """A socket on which nothing was said yet; `how` goes to the library."""
    with connect(address(house), compression=None, max_size=None, open_timeout=PATIENCE, **how) as line:
        yield Talk(line)


@contextmanager
def talking(house: House, key: str = "main", **how: Any) -> Iterator[Talk]:
    """A socket that is ready; `key` is the name of one of the registry's."""
    with dialled(house, additional_headers={"Authorization": f"Bearer {KEYS[key]}"}, **how) as talk:
        assert talk.hear() == {"type": "ready"}
        yield talk
