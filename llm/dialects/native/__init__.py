"""Our own dialect: the words of the native HTTP surface, the WebSocket, Celery and the Python door."""

from llm.dialects.base import HEARTBEAT
from llm.dialects.native.answers import render_completion
from llm.dialects.native.errors import render_error
from llm.dialects.native.frames import StreamRenderer
from llm.dialects.native.requests import parse_request, render_request

name = "native"
heartbeat = HEARTBEAT
forwarded: tuple[str, ...] = ()

__all__ = [
    "StreamRenderer",
    "forwarded",
    "heartbeat",
    "name",
    "parse_request",
    "render_completion",
    "render_error",
    "render_request",
]
