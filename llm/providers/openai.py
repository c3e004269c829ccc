"""OpenAI, and every vendor that speaks its dialect, over the transport of `AsyncOpenAI`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
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

OPENAI_URL = "https://api.openai.com/v1"
SDK_HEADERS = ("accept", "user-agent", "x-stainless-")
"""Of the SDK's own headers: the others it reads from the environment of this process, where a row is silent."""
POOL = httpx2.Limits(max_connections=10_000, max_keepalive_connections=1_000)
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one whole answer; a vendor that sends more is broken."""
MAX_COMPLAINT = 1024 * 1024
KEY = "[key]"
SHORTEST = 3
"""Letters at the beginning of a key that give nothing away."""
LINGER = 0.1
"""Seconds to wait, after the last event, for the end of the body, which lets the connection be used again."""


class OpenAIProvider:
    """One endpoint that speaks chat completions. `profile` says how this vendor differs from OpenAI itself.

    The SDK brings address, credentials, headers and connections; they are put together once, since doing it anew for
    each request costs twice what sending it does.
    """

    dialect = "openai"

    def __init__(self, spec: ProviderSpec, profile: Profile = OPENAI) -> None:
        self._profile = profile
        self._secret = spec.secret
        self._http = openai.DefaultAioHttpClient(limits=POOL, follow_redirects=False)
        client = openai.AsyncOpenAI(
            api_key=spec.secret or "none",
            base_url=spec.base_url or OPENAI_URL,
            max_retries=0,
            http_client=self._http,
        )
        self._url = client.base_url.join("chat/completions")
        said = {name: value for name, value in client.default_headers.items() if name.lower().startswith(SDK_HEADERS)}
        said |= {**client.auth_headers, "content-type": "application/json"}
        if spec.organization:
            said["openai-organization"] = spec.organization
        self._headers = [(name, value) for name, value in said.items() if isinstance(value, str)]
        self._timeout = httpx2.Timeout(None, connect=spec.connect_timeout).as_dict()

    async def close(self) -> None:
        await self._http.aclose()

    async def stream(self, call: UpstreamCall) -> EventStream:
        patience = Patience(call)
        with mapped_errors(self._secret):
            async with self._asked(call, patience) as response, aclosing(_pieces(response, patience)) as pieces:
                if not _is_stream(response, call):
                    yield await _whole(pieces)
                    return
                answer = StreamedAnswer()
                async for piece in pieces:
                    if events := answer.feed(piece):
                        if any(isinstance(event, CONTENT) for event in events):
                            patience.content()
                        yield events
                    if answer.failure is not None:
                        raise answer.failure
                    if answer.is_done:
                        await _drain(pieces, patience)
                        return
                if events := answer.end():
                    yield events
                if answer.failure is not None:
                    raise answer.failure

    @asynccontextmanager
    async def _asked(self, call: UpstreamCall, patience: Patience) -> AsyncIterator[httpx2.Response]:
        """The vendor's response, its body unread; closed with the block."""
        body = render_request(
            call.request,
            model=call.route.upstream_model,
            max_tokens=call.max_tokens,
            profile=self._profile,
            dropped=call.dropped,
        )
        try:
            with patience:
                response = await self._send(orjson.dumps(body), call.id)
        except BaseException:  # whatever ends the wait, its timer ends too
            patience.stop()
            raise
        try:
            if not response.is_success:
                complaint = await _complaint(response, patience, self._secret)
                raise parse_error(response.status_code, complaint, response.headers)
            yield response
        finally:
            patience.stop()
            await response.aclose()

    async def _send(self, body: bytes, call_id: str) -> httpx2.Response:
        """A connection that the vendor closed while it lay idle carried nothing: the next one is taken at once."""
        for last in (False, False, True):
            try:
                return await self._http.send(self._request(body, call_id), stream=True)
            except httpx2.TransportError as error:
                if last or not isinstance(_root(error), aiohttp.ClientConnectionResetError):
                    raise
        raise AssertionError("the last try returns or raises")

    def _request(self, body: bytes, call_id: str) -> httpx2.Request:
        headers = [*self._headers, ("x-client-request-id", call_id)]
        return httpx2.Request("POST", self._url, headers=headers, content=body, extensions={"timeout": self._timeout})


async def _complaint(response: httpx2.Response, patience: Patience, secret: str) -> object:
    """The body of an error without our own key in it: JSON where it is some, else its text."""
    body = bytearray()
    async with aclosing(_pieces(response, patience)) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > MAX_COMPLAINT:
                break
    if secret:
        body = body.replace(secret.encode(), KEY.encode())
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


def _is_stream(response: httpx2.Response, call: UpstreamCall) -> bool:
    """By its type; a type that says nothing is taken to be what was asked for."""
    kind = response.headers.get("content-type", "")
    return "event-stream" in kind or (call.request.stream and not ("json" in kind or "html" in kind))


async def _pieces(response: httpx2.Response, patience: Patience) -> AsyncGenerator[bytes, None]:
    """The body as the network brings it."""
    pieces = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
    while True:
        with patience:
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece


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


class StreamedAnswer:
    """From the pieces of one stream to its events. `[DONE]` ends the choices that were left open.

    A `failure` waits until the events that came before it, in the same piece, have been handed on.
    """

    def __init__(self) -> None:
        self.is_done = False
        self.failure: ProviderError | None = None
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
                try:
                    events += self._parser.parse_chunk(_json(payload))
                except ProviderError as failure:
                    self.failure = failure
                    break
                self._ended.update(event.choice for event in events if type(event) is Finished)
        return events


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProviderBroken("The provider's answer is not JSON.") from None


@contextmanager
def mapped_errors(secret: str) -> Iterator[None]:
    """The one place where the exceptions of the SDK and its transport become ours, with `secret` taken out."""
    try:
        yield
    except ProviderError as error:
        raise _without(secret, error) from None
    except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
        raise _connection_error(error) from None


def _without(secret: str, error: ProviderError) -> ProviderError:
    error.message = hidden(secret, error.message)
    error.param = error.param and hidden(secret, error.param)
    return error


def hidden(secret: str, text: str) -> str:
    """`text` without the key, or the beginning of it that a cut has left at the end."""
    if not secret:
        return text
    clean = text.replace(secret, KEY)
    left = next((n for n in range(len(secret) - 1, SHORTEST, -1) if clean.endswith(f"{secret[:n]}…")), 0)
    return f"{clean[: -left - 1]}{KEY}…" if left else clean


def _connection_error(error: BaseException) -> ProviderError:
    root = _root(error)
    if isinstance(root, aiohttp.ServerTimeoutError | httpx2.TimeoutException | TimeoutError):
        return ProviderTimeout("The provider could not be reached in time.")
    if isinstance(root, aiohttp.ClientConnectorError | httpx2.ConnectError | ConnectionRefusedError):
        return ProviderUnreachable("The provider could not be reached.")
    return ProviderBroken(f"The connection to the provider broke ({type(root).__name__}).")


def _root(error: BaseException) -> BaseException:
    """What really happened: the transport reports a dropped connection as a time-out."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
