"""The ASGI application: generation on the lean handler, everything else on stock Django, sockets on Channels."""

from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

from llm.surfaces.handler import GenerationHandler
from llm.surfaces.turnstile import Turnstile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

LEAN = frozenset(
    {
        "/api/v1/generate/",
        "/v1/chat/completions",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/healthz",
        "/readyz",
    }
)
"""The paths that the lean handler serves; `config/urls.py` says with which view."""

_stock = get_asgi_application()

from llm.surfaces.websocket import GenerateSocket  # noqa: E402  # it needs the apps, which the line above loads

_turnstile = Turnstile()
_lean = GenerationHandler(_turnstile)
_generate: Any = GenerateSocket(_turnstile)


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await (_lean if scope["path"] in LEAN else _stock)(scope, receive, send)


async def nowhere(scope: dict[str, Any], receive: Any, send: Any) -> Any:
    """A socket to an address that does not exist is closed before it opens, which its client sees as a 403."""
    await receive()
    await send({"type": "websocket.close"})


SOCKETS = [path("ws/v1/generate/", _generate), re_path("", nowhere)]

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(SOCKETS)})
