"""The Anthropic messages dialect: how we serve Anthropic's clients, and how we call the vendors that speak it."""

from llm.dialects.anthropic.answers import render_completion
from llm.dialects.anthropic.errors import render_error
from llm.dialects.anthropic.events import StreamParser, parse_completion
from llm.dialects.anthropic.frames import HEARTBEAT, StreamRenderer
from llm.dialects.anthropic.requests import parse_question, parse_request, render_request
from llm.dialects.anthropic.target import FORWARDED, Target, target_of

name = "anthropic"
heartbeat = HEARTBEAT
forwarded = FORWARDED

__all__ = [
    "StreamParser",
    "StreamRenderer",
    "Target",
    "forwarded",
    "heartbeat",
    "name",
    "parse_completion",
    "parse_question",
    "parse_request",
    "render_completion",
    "render_error",
    "render_request",
    "target_of",
]
