"""OpenAI, and every vendor that speaks its dialect, through `AsyncOpenAI` as the transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

import aiohttp
import httpx2
import openai
import orjson

from llm.dialects.openai import OPENAI, ChunkParser, Profile, parse_completion, parse_error, render_request
from llm.errors import ProviderBroken, ProviderError, ProviderTimeout, ProviderUnreachable
from llm.providers.base import UpstreamCall
from llm.providers.patience import Patience
from llm.providers.sse import FrameReader
from llm.registry import ProviderSpec
from llm.types import CONTENT, Events, EventStream, Finished

POOL = httpx2.Limits(max_connections=10_000, max_keepalive_connections=1_000)
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one whole answer; a vendor that sends more is broken."""
LINGER = 0.1
"""Seconds to wait, after the last event, for the end of the body, which lets the connection be used again."""


class OpenAIProvider:
    """One endpoint that speaks chat completions. `profile` says how this vendor differs from OpenAI itself."""

    dialect = "openai"

    def __init__(self, spec: ProviderSpec, profile: Profile = OPENAI) -> None:
        self._profile = profile
        self._client = openai.AsyncOpenAI(
            api_key=spec.secret or "none",
            organization=spec.organization,
            base_url=spec.base_url or None,
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=spec.connect_timeout),
            http_client=openai.DefaultAioHttpClient(limits=POOL, follow_redirects=False),
        )

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, call: UpstreamCall) -> EventStream:
        patience = Patience(call)
        with mapped_errors():
            async with aclosing(self._pieces(call, patience)) as pieces:
                if call.request.stream:
                    async for events in self._streamed(pieces, patience):
                        yield events
                else:
                    yield await _whole(pieces)

    async def _pieces(self, call: UpstreamCall, patience: Patience) -> AsyncGenerator[bytes, None]:
        """Ask, then hand on the answer's body as the network brings it."""
        body = render_request(
            call.request,
            model=call.route.upstream_model,
            max_tokens=call.max_tokens,
            profile=self._profile,
            dropped=call.dropped,
        )
        async with patience.wait():
            response: httpx2.Response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=orjson.dumps(body),
                options={"headers": {"content-type": "application/json", "x-client-request-id": call.id}},
                stream=True,
                stream_cls=openai.AsyncStream[Any],
            )
        try:
            pieces = response.aiter_bytes()
            while True:
                async with patience.wait():
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        finally:
            await response.aclose()

    async def _streamed(self, pieces: AsyncGenerator[bytes, None], patience: Patience) -> EventStream:
        answer = StreamedAnswer()
        async for piece in pieces:
            if events := answer.feed(piece):
                if any(isinstance(event, CONTENT) for event in events):
                    patience.content()
                yield events
            if answer.is_done:
                await _drain(pieces, patience)
                return
        if events := answer.end():
            yield events


class StreamedAnswer:
    """From the pieces of one stream to its events. `[DONE]` ends the choices that were left open."""

    def __init__(self) -> None:
        self.is_done = False
        self._reader = FrameReader()
        self._parser = ChunkParser()
        self._ended: set[int] = set()

    def feed(self, piece: bytes) -> Events:
        return self._parsed(self._reader.feed(piece))

    def end(self) -> Events:
        """The stream is over: what stood in it without a last blank line."""
        return self._parsed(self._reader.end())

    def _parsed(self, payloads: list[bytes]) -> Events:
        events: Events = []
        for payload in payloads:
            if payload.startswith(b"[DONE]"):
                self.is_done = True
                events += [Finished("stop", choice) for choice in self._parser.choices if choice not in self._ended]
                break
            if payload:
                events += self._parser.parse_chunk(_json(payload))
                self._ended.update(event.choice for event in events if type(event) is Finished)
        return events


async def _whole(pieces: AsyncGenerator[bytes, None]) -> Events:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MAX_ANSWER:
            raise ProviderBroken("The provider's answer is too large.")
    return parse_completion(_json(bytes(body)))


async def _drain(pieces: AsyncGenerator[bytes, None], patience: Patience) -> None:
    patience.linger(LINGER)
    with suppress(ProviderTimeout):
        async for _ in pieces:
            pass


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProviderBroken("The provider's answer is not JSON.") from None


@contextmanager
def mapped_errors() -> Iterator[None]:
    """The one place where the SDK's and its transports' exceptions become ours."""
    try:
        yield
    except ProviderError:
        raise
    except openai.APIStatusError as error:
        raise parse_error(error.status_code, error.body, error.response.headers) from None
    except openai.APIConnectionError as error:
        raise _connection_error(error) from None
    except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
        raise _connection_error(error) from None
    except openai.OpenAIError as error:
        raise ProviderBroken(f"The provider's answer could not be read ({type(error).__name__}).") from None


def _connection_error(error: BaseException) -> ProviderError:
    """Looks for the root: the transport reports a dropped connection as a time-out."""
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    if isinstance(root, aiohttp.ServerTimeoutError | httpx2.TimeoutException | TimeoutError):
        return ProviderTimeout("The provider could not be reached in time.")
    if isinstance(root, aiohttp.ClientConnectorError | httpx2.ConnectError | ConnectionRefusedError):
        return ProviderUnreachable("The provider could not be reached.")
    return ProviderBroken(f"The connection to the provider broke ({type(root).__name__}).")
