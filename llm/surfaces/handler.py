"""The lean ASGI handler of the generation endpoints: Django's request, URLconf and views, without its middleware.

Stock Django starts a thread for each request and another task for each answer; here one task serves, and one watches
whether the client is still there.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponse, HttpResponseBase
from django.urls import set_script_prefix, set_urlconf

from llm.surfaces.responses import EventStreamResponse, send_plain
from llm.surfaces.turnstile import Turnstile

MAX_BODY = 32 * 1024 * 1024
MOST_READ = 4 * MAX_BODY
"""Bytes of a body that are read so that its sender hears the refusal; one that goes on is cut off."""

Message = dict[str, Any]


class GenerationRequest(ASGIRequest):
    """A request whose body has been read; `too_large` says that it was more than `MAX_BODY` and thrown away."""

    def __init__(self, scope: Message, body: bytes, *, too_large: bool) -> None:
        super().__init__(scope, BytesIO(body))
        self._body = body
        self.too_large = too_large


class GenerationHandler(ASGIHandler):
    def __init__(self, turnstile: Turnstile) -> None:
        super().__init__()
        self._turnstile = turnstile

    def load_middleware(self, is_async: bool = False) -> None:
        """None: authentication, limits and CORS are the gateway's own."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(self._get_response_async)  # type: ignore[attr-defined]  # Django's own, missing from its stubs

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        try:
            body, too_large = await _read_body(receive)
        except RequestAborted:
            return
        set_script_prefix("/")
        request = GenerationRequest(scope, body, too_large=too_large)
        me = asyncio.current_task()
        assert me is not None
        watch = asyncio.create_task(_cancel_when_left(receive, me))
        try:
            if request.method == "POST":
                await self._turnstile.enter()
            response = await self.get_response_async(request)
            if too_large:
                response["connection"] = "close"
            await self.send_response(response, send)
        except asyncio.CancelledError:
            if not (watch.done() and not watch.cancelled()):
                raise
            me.uncancel()
        finally:
            watch.cancel()

    async def get_response_async(self, request: Any) -> HttpResponseBase:
        """As Django's, without its log line for refusals, which costs a thread hop."""
        set_urlconf(settings.ROOT_URLCONF)
        answered: Any = self._middleware_chain(request)
        response: HttpResponseBase = await answered
        return response

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        if isinstance(response, EventStreamResponse):
            await response.deliver(send)
        elif isinstance(response, HttpResponse):
            await send_plain(response, send)
        else:
            await super().send_response(response, send)


async def _read_body(receive: Any) -> tuple[bytes, bool]:
    """The body, counted as it comes; one that is too large is read on but not kept."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more and size <= MOST_READ:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        piece = message.get("body", b"")
        size += len(piece)
        if size <= MAX_BODY:
            pieces.append(piece)
        more = message.get("more_body", False)
    return (b"", True) if size > MAX_BODY else (b"".join(pieces), False)


async def _cancel_when_left(receive: Any, serving: asyncio.Task[Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    serving.cancel()
