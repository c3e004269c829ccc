"""The road to a vendor: a request out, its answer back as events, and every failure on the way mapped in one place."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx2
import orjson

from llm.dialects.complaints import parse_error, parse_json
from llm.dialects.listings import parse_allowance, parse_models
from llm.errors import ProviderBroken, ProviderError, ProviderOffLimits, ProviderTimeout, ProviderUnreachable
from llm.providers.base import Probe, UpstreamCall, VendorDialect
from llm.providers.dialling import ForbiddenAddress, root_of
from llm.providers.patience import Brief, Patience
from llm.providers.sse import FrameReader, LineReader, Reader, StreamedAnswer
from llm.registry import ProviderSpec
from llm.types import CONTENT, Events, EventStream

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one whole answer; a vendor that sends more is broken."""
MAX_COMPLAINT = 1024 * 1024
LINES = ("ndjson", "jsonl", "jsonlines")
"""In the type of a body that is one JSON text a line."""
EVENTS = (b"data:", b"event:", b": ")
"""How a body of server-sent events begins."""
KEY = "[key]"
SHORTEST = 3
"""Letters at the beginning of a key that give nothing away."""
LINGER = 0.1
"""Seconds to wait, after the last event, for the end of the body, which lets the connection be used again."""
ASIDE = 10.0
"""Seconds for a question that is no generation."""


@dataclass(slots=True, frozen=True)
class Outgoing:
    """A request to a vendor, ready to be sent."""

    url: httpx2.URL
    headers: list[tuple[str, str]]
    body: bytes | None = None
    method: str = "POST"


class Transport:
    """One vendor's pooled client."""

    def __init__(self, http: httpx2.AsyncClient, spec: ProviderSpec) -> None:
        self._http = http
        self._secret = spec.secret
        self._timeout = httpx2.Timeout(None, connect=spec.connect_timeout).as_dict()

    async def close(self) -> None:
        await self._http.aclose()

    async def stream(self, outgoing: Outgoing, call: UpstreamCall, dialect: VendorDialect) -> EventStream:
        """The events of the answer, streamed or whole, as it comes."""
        patience = Patience(call, streamed=call.request.stream)
        with mapped_errors(self._secret):
            asked = self._asked(outgoing, patience, call.hear)
            async with asked as response, aclosing(_pieces(response, patience)) as pieces:
                if not _is_stream(response, call):
                    yield _parsed(await _whole(pieces), dialect)
                    return
                answer = StreamedAnswer(dialect.StreamParser(), _reader(response))
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

    async def fetch(self, outgoing: Outgoing) -> tuple[Any, httpx2.Headers]:
        """The JSON and the headers that answer a question beside the generations. Raises ProviderError."""
        patience = Patience(Brief(ASIDE), streamed=False)
        with mapped_errors(self._secret):
            async with self._asked(outgoing, patience) as response, aclosing(_pieces(response, patience)) as pieces:
                return parse_json(await _whole(pieces)), response.headers

    async def probe(self, outgoing: Outgoing) -> Probe:
        """What the vendor's list of models proves."""
        listing, headers = await self.fetch(outgoing)
        return Probe(parse_models(listing), parse_allowance(headers, datetime.now(UTC)))

    @asynccontextmanager
    async def _asked(
        self, outgoing: Outgoing, patience: Patience, hear: Callable[[httpx2.Headers], None] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """The vendor's response, its body unread; closed with the block."""
        try:
            with patience:
                response = await self._send(outgoing)
        except BaseException:  # whatever ends the wait, its timer ends too
            patience.stop()
            raise
        try:
            if hear is not None:
                hear(response.headers)
            if not response.is_success:
                complaint = await _complaint(response, patience, self._secret)
                raise parse_error(response.status_code, complaint, response.headers)
            yield response
        finally:
            patience.stop()
            await response.aclose()

    async def _send(self, outgoing: Outgoing) -> httpx2.Response:
        """A connection that the vendor closed while it lay idle carried nothing: the next one is taken at once."""
        for last in (False, False, True):
            try:
                return await self._http.send(self._request(outgoing), stream=True)
            except httpx2.TransportError as error:
                if last or not isinstance(root_of(error), aiohttp.ClientConnectionResetError):
                    raise
        raise AssertionError("the last try returns or raises")

    def _request(self, outgoing: Outgoing) -> httpx2.Request:
        return httpx2.Request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            content=outgoing.body,
            extensions={"timeout": self._timeout},
        )


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


def _parsed(body: bytes, dialect: VendorDialect) -> Events:
    """A whole body, which may be a stream that calls itself JSON."""
    if not body.startswith(EVENTS):
        return dialect.parse_completion(parse_json(body))
    answer = StreamedAnswer(dialect.StreamParser())
    events = [*answer.feed(body), *answer.end()]
    if answer.failure is not None:
        raise answer.failure
    return events


def _is_stream(response: httpx2.Response, call: UpstreamCall) -> bool:
    """By its type; a type that says nothing is taken to be what was asked for."""
    kind = response.headers.get("content-type", "")
    whole = ("json" in kind or "html" in kind) and not any(word in kind for word in LINES)
    return "event-stream" in kind or (call.request.stream and not whole)


def _reader(response: httpx2.Response) -> Reader:
    kind = response.headers.get("content-type", "")
    return LineReader() if any(word in kind for word in LINES) else FrameReader()


async def _pieces(response: httpx2.Response, patience: Patience) -> AsyncGenerator[bytes, None]:
    """The body as the network brings it."""
    pieces = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
    while True:
        with patience:
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece


async def _whole(pieces: AsyncGenerator[bytes, None]) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MAX_ANSWER:
            raise ProviderBroken("The provider's answer is too large.")
    return bytes(body)


async def _drain(pieces: AsyncGenerator[bytes, None], patience: Patience) -> None:
    patience.linger(LINGER)
    with suppress(ProviderTimeout):
        async for _ in pieces:
            pass


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
    root = root_of(error)
    if isinstance(root, ForbiddenAddress):
        return ProviderOffLimits(f"The provider could not be called: {root}. ALLOWED_PRIVATE_HOSTS may list it.")
    if isinstance(root, aiohttp.ServerTimeoutError | httpx2.TimeoutException | TimeoutError):
        return ProviderTimeout("The provider could not be reached in time.")
    if isinstance(root, ssl.SSLError):
        return ProviderUnreachable(f"No secure connection to the provider ({_reason(root)}).")
    if isinstance(root, socket.gaierror):
        return ProviderUnreachable("The provider's host name is not known.")
    if isinstance(root, aiohttp.ClientConnectorError | httpx2.ConnectError | ConnectionRefusedError):
        return ProviderUnreachable("The provider could not be reached.")
    return ProviderBroken(f"The connection to the provider broke ({type(root).__name__}).")


def _reason(error: ssl.SSLError) -> str:
    """In words: what a certificate lacks, else the library's own name for it."""
    return str(getattr(error, "verify_message", "") or error.reason or "TLS").replace("_", " ").lower()
