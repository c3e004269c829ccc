"""The official Anthropic SDK, unchanged but for its address and key: its sync and its async client, asked alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from anthropic import Anthropic, AsyncAnthropic

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS

T = TypeVar("T")

ASKED = [{"role": "user", "content": "Say it again"}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BOUND = 100


class Claude(Protocol):
    """Answers are bound to a hundred tokens where nothing else is said."""

    def create(self, **asked: Any) -> Any:
        """A whole answer."""

    def events(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        """A streamed one, as it comes; what comes before an error stands in `got`."""

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        """The events of the SDK's own helper, and the message it made of them."""

    def raw(self, **asked: Any) -> Any: ...

    def count(self, **asked: Any) -> int: ...

    def models(self) -> list[Any]: ...

    def model(self, name: str) -> Any: ...


class SyncClaude:
    def __init__(self, **settings: Any) -> None:
        self._client: Any = Anthropic(**settings)

    def create(self, **asked: Any) -> Any:
        return self._client.messages.create(**{"max_tokens": BOUND, **asked})

    def events(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        got = [] if got is None else got
        got.extend(self._client.messages.create(stream=True, **{"max_tokens": BOUND, **asked}))
        return got

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        with self._client.messages.stream(**{"max_tokens": BOUND, **asked}) as stream:
            return list(stream), stream.get_final_message()

    def raw(self, **asked: Any) -> Any:
        return self._client.messages.with_raw_response.create(**{"max_tokens": BOUND, **asked})

    def count(self, **asked: Any) -> int:
        return int(self._client.messages.count_tokens(**asked).input_tokens)

    def models(self) -> list[Any]:
        return list(self._client.models.list())

    def model(self, name: str) -> Any:
        return self._client.models.retrieve(name)


class AsyncClaude:
    """Each call has an event loop and a client of its own."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def _run(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        async def asked() -> T:
            async with AsyncAnthropic(**self._settings) as client:
                return await ask(client)

        return asyncio.run(asked())

    def create(self, **asked: Any) -> Any:
        return self._run(lambda client: client.messages.create(**{"max_tokens": BOUND, **asked}))

    def events(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        heard: list[Any] = [] if got is None else got

        async def gather(client: Any) -> None:
            async for event in await client.messages.create(stream=True, **{"max_tokens": BOUND, **asked}):
                heard.append(event)  # each one counts though the next may be an error

        self._run(gather)
        return heard

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        async def gather(client: Any) -> tuple[list[Any], Any]:
            async with client.messages.stream(**{"max_tokens": BOUND, **asked}) as stream:
                return [event async for event in stream], await stream.get_final_message()

        return self._run(gather)

    def raw(self, **asked: Any) -> Any:
        return self._run(lambda client: client.messages.with_raw_response.create(**{"max_tokens": BOUND, **asked}))

    def count(self, **asked: Any) -> int:
        counted: Any = self._run(lambda client: client.messages.count_tokens(**asked))
        return int(counted.input_tokens)

    def models(self) -> list[Any]:
        async def gather(client: Any) -> list[Any]:
            return [model async for model in client.models.list()]

        return self._run(gather)

    def model(self, name: str) -> Any:
        return self._run(lambda client: client.models.retrieve(name))


CLAUDES: dict[str, type[Any]] = {"sync": SyncClaude, "async": AsyncClaude}


def claude_with(key: str, house: House, side: str, **settings: Any) -> Claude:
    made: Claude = CLAUDES[side](base_url=house.url, api_key=KEYS[key], **({"max_retries": 0} | settings))
    return made


def text_of(events: list[Any]) -> str:
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    return "".join(delta.text for delta in deltas if delta.type == "text_delta")
