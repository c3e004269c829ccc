"""The OpenAI chat dialect: how we serve OpenAI clients, and how we call the vendors that speak it."""

from llm.dialects.base import HEARTBEAT
from llm.dialects.openai.answers import render_completion
from llm.dialects.openai.chunks import ChunkParser, StreamParser, parse_completion
from llm.dialects.openai.errors import render_error
from llm.dialects.openai.frames import StreamRenderer
from llm.dialects.openai.profile import OPENAI, Profile
from llm.dialects.openai.requests import parse_request, render_request

name = "openai"
heartbeat = HEARTBEAT
forwarded: tuple[str, ...] = ()

__all__ = [
    "OPENAI",
    "ChunkParser",
    "Profile",
    "StreamParser",
    "StreamRenderer",
    "forwarded",
    "heartbeat",
    "name",
    "parse_completion",
    "parse_request",
    "render_completion",
    "render_error",
    "render_request",
]
