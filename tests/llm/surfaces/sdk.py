"""The official OpenAI SDK, unchanged but for `base_url` and `api_key`: its sync and its async client, asked alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from openai import AsyncOpenAI, OpenAI

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS

T = TypeVar("T")

ASKED = [{"role": "user", "content": "Say it again"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Sdk(Protocol):
    def create(self, **asked: Any) -> Any:
        """A whole answer."""

    def chunks(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        """A streamed one; what comes before an error stands in `got`."""

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        """The events of the SDK's own helper, which asserts what it expects of a stream, and the answer it made."""

    def parse(self, **asked: Any) -> Any: ...

    def raw(self, **asked: Any) -> Any: ...

    def models(self) -> list[Any]: ...

    def model(self, name: str) -> Any: ...


class SyncSdk:
    def __init__(self, **settings: Any) -> None:
        self._client = OpenAI(**settings)

    def create(self, **asked: Any) -> Any:
        return self._client.chat.completions.create(**asked)

    def chunks(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        got = [] if got is None else got
        got.extend(self._client.chat.completions.create(stream=True, **asked))
        return got

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        with self._client.chat.completions.stream(**asked) as stream:
            return list(stream), stream.get_final_completion()

    def parse(self, **asked: Any) -> Any:
        return self._client.chat.completions.parse(**asked)

    def raw(self, **asked: Any) -> Any:
        return self._client.chat.completions.with_raw_response.create(**asked)

    def models(self) -> list[Any]:
        return list(self._client.models.list())

    def model(self, name: str) -> Any:
        return self._client.models.retrieve(name)


class AsyncSdk:
    """Each call has an event loop and a client of its own."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def _run(self, ask: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
        async def asked() -> T:
            async with AsyncOpenAI(**self._settings) as client:
                return await ask(client)

        return asyncio.run(asked())

    def create(self, **asked: Any) -> Any:
        return self._run(lambda client: client.chat.completions.create(**asked))

    def chunks(self, *, got: list[Any] | None = None, **asked: Any) -> list[Any]:
        heard: list[Any] = [] if got is None else got

        async def gather(client: AsyncOpenAI) -> None:
            async for chunk in await client.chat.completions.create(stream=True, **asked):
                heard.append(chunk)  # each one counts though the next may be an error

        self._run(gather)
        return heard

    def helped(self, **asked: Any) -> tuple[list[Any], Any]:
        async def gather(client: AsyncOpenAI) -> tuple[list[Any], Any]:
            async with client.chat.completions.stream(**asked) as stream:
                return [event async for event in stream], await stream.get_final_completion()

        return self._run(gather)

    def parse(self, **asked: Any) -> Any:
        return self._run(lambda client: client.chat.completions.parse(**asked))

    def raw(self, **asked: Any) -> Any:
        return self._run(lambda client: client.chat.completions.with_raw_response.create(**asked))

    def models(self) -> list[Any]:
        async def gather(client: AsyncOpenAI) -> list[Any]:
            return [model async for model in client.models.list()]

        return self._run(gather)

    def model(self, name: str) -> Any:
        return self._run(lambda client: client.models.retrieve(name))


SIDES = {"sync": SyncSdk, "async": AsyncSdk}


def sdk_with(key: str, house: House, side: str, **settings: Any) -> Sdk:
    kind: type[Any] = SIDES[side]
    made: Sdk = kind(base_url=f"{house.url}/v1", api_key=KEYS[key], **({"max_retries": 0} | settings))
    return made


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
