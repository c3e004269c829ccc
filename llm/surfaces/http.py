"""One way in for every dialect over HTTP: `serve(request, dialect)`, JSON or server-sent events; and `tell` for what
is only read."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from math import ceil

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from llm.call import Call, Caller, new_id, public_id
from llm.claims import Wanted
from llm.dialects.base import Dialect, StreamRenderer
from llm.dialects.body import parse_body
from llm.errors import (
    BodyTooLarge,
    BudgetExceeded,
    CallerError,
    GatewayError,
    GoingAway,
    ProviderBusy,
    ProviderError,
)
from llm.gateway import drained
from llm.lifecycle import lifecycle
from llm.surfaces import replays
from llm.surfaces.auth import authenticate, check_scope
from llm.surfaces.cors import add_headers, cors_headers
from llm.surfaces.responses import (
    Answer,
    EventStreamResponse,
    Frames,
    Headers,
    StreamVoice,
    answer_headers,
    identity_headers,
)
from llm.types import Completion, EventStream, JsonObject, Request
from llm.wiring import clock, gateway, metrics

logger = logging.getLogger(__name__)

DEADLINE = 600.0
"""Seconds that one call may take in all, the time-out of the official SDKs."""


Parse = Callable[[JsonObject], Request]
Source = Callable[[Call], EventStream]
"""What answers a call: the gateway's own `stream`, or something around it."""


async def serve(
    request: HttpRequest, dialect: Dialect, *, parse: Parse | None = None, source: Source | None = None
) -> HttpResponseBase:
    """Authenticate, parse, call the gateway, answer. Every failure becomes an answer in the caller's dialect."""
    began, identity = clock().monotonic(), new_id()
    caller: Caller | None = None
    repeatable: Wanted | None = None
    try:
        if lifecycle.draining:
            raise GoingAway
        caller = await authenticate(request)
        check_scope(caller, "generate")
        body = read_body(request)
        if replays.META in request.META:
            repeatable = replays.wanted(request, caller, body)
        wanted = (parse or dialect.parse_request)(body)
        wanted.headers = forwarded_headers(request, dialect)
    except GatewayError as error:
        metrics().rejected(error.code)
        return refusal(error, dialect, public_id(identity), cors_headers(request, caller))
    call = Call(identity, wanted, caller, "sse" if wanted.stream else "json", began, began + DEADLINE)
    renderer = dialect.StreamRenderer(wanted, call.record)
    stream = (source or gateway().stream)(call)
    frames = _frames(call, stream, renderer) if wanted.stream else _one_frame(call, stream, dialect)
    answer = Answer(frames, lambda: answer_headers(call))
    extra = cors_headers(request, caller)
    try:
        if repeatable is not None:
            with lifecycle.telling():
                answer = await replays.once(repeatable, call, answer)
    except GatewayError as error:
        metrics().rejected(error.code)
        return refusal(error, dialect, call.public_id, extra)
    voice = StreamVoice(
        headers=lambda: answer.headers() | extra,
        refuse=lambda error: refusal(error, dialect, call.public_id, answer.headers() | extra),
        interrupt=lambda error: renderer.render_error(error, call.public_id),
        heartbeat=dialect.heartbeat,
    )
    return EventStreamResponse(answer.frames, voice) if wanted.stream else await _whole(answer.frames, voice)


async def tell(
    request: HttpRequest, dialect: Dialect, work: Callable[[Caller], Awaitable[JsonObject]]
) -> HttpResponseBase:
    """What `work` finds for the caller, as JSON: for what stands beside generation on the lean handler."""
    name = public_id(new_id())
    caller: Caller | None = None
    try:
        caller = await authenticate(request)
        check_scope(caller, "generate")
        found = await work(caller)
    except GatewayError as error:
        return refusal(error, dialect, name, cors_headers(request, caller))
    return _json(200, orjson.dumps(found), identity_headers(name) | cors_headers(request, caller))


def forwarded_headers(request: HttpRequest, dialect: Dialect) -> dict[str, str]:
    """Those that go on to the vendor as they are. Raises CallerError for one that no header may hold."""
    said = {name: request.headers[name] for name in dialect.forwarded if name in request.headers}
    for name, value in said.items():
        if not (value.isascii() and value.isprintable()):
            raise CallerError(f"The header {name} holds more than printable ASCII.", param=name)
    return said


async def count(request: HttpRequest, dialect: Dialect, read: Callable[[JsonObject], Request]) -> HttpResponse:
    """The number of tokens in the prompt that `read` finds in the body, as `{"input_tokens": n}`."""
    identity = public_id(new_id())
    caller: Caller | None = None
    try:
        caller = await authenticate(request)
        check_scope(caller, "generate")
        wanted = read(read_body(request))
        wanted.headers = forwarded_headers(request, dialect)
        tokens = await gateway().count(wanted, caller)
    except GatewayError as error:
        return refusal(error, dialect, identity, cors_headers(request, caller))
    headers = identity_headers(identity) | cors_headers(request, caller)
    return _json(200, orjson.dumps({"input_tokens": tokens}), headers)


class UnsupportedEncoding(CallerError):
    status = 415
    code = "unsupported_encoding"


def read_body(request: HttpRequest) -> JsonObject:
    return parse_body(raw_body(request))


def raw_body(request: HttpRequest) -> bytes:
    """Raises BodyTooLarge and UnsupportedEncoding."""
    if getattr(request, "too_large", False):
        raise _too_large()
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedEncoding("The body is compressed.", hint="Send it plain, without content-encoding.")
    try:
        return request.body
    except RequestDataTooBig:
        raise _too_large() from None


def _too_large() -> BodyTooLarge:
    return BodyTooLarge("The body is larger than 32 MB.")


async def _frames(call: Call, stream: EventStream, renderer: StreamRenderer) -> Frames:
    async with aclosing(stream) as batches:
        async for events in batches:
            if frame := renderer.render_events(events):
                yield frame
    yield renderer.render_done(call.record, call.completion or Completion())


async def _one_frame(call: Call, stream: EventStream, dialect: Dialect) -> Frames:
    completion = await drained(call, stream)
    yield orjson.dumps(dialect.render_completion(call.request, call.record, completion))


async def _whole(frames: Frames, voice: StreamVoice) -> HttpResponse:
    try:
        with lifecycle.telling():
            async with aclosing(frames):
                body = b"".join([frame async for frame in frames])
    except GatewayError as error:
        return voice.refuse(error)
    except Exception as error:  # the client is owed an answer in its dialect, whatever bug of ours this is
        logger.exception("A call broke off")
        return voice.refuse(GatewayError(f"Internal error ({type(error).__name__})."))
    return _json(200, body, voice.headers())


def refusal(error: GatewayError, dialect: Dialect, name: str, headers: Headers) -> HttpResponse:
    """An error as an answer: status, envelope and the headers that SDKs obey."""
    status, body = dialect.render_error(error, name)
    headers = headers | identity_headers(name)
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, ceil(error.retry_after)))
    if isinstance(error, GoingAway):
        headers["connection"] = "close"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if _is_final(error):
        headers["x-should-retry"] = "false"
    return _json(status, orjson.dumps(body), headers)


def _is_final(error: GatewayError) -> bool:
    """Trying again is of no use."""
    match error:
        case ProviderBusy():
            return error.retry_after is None
        case ProviderError():
            return not error.retryable
        case _:
            return isinstance(error, BudgetExceeded)


def _json(status: int, body: bytes, headers: Headers) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type="application/json")
    add_headers(response, headers)
    return response
