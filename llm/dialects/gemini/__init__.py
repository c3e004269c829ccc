"""The dialect of Google's Gemini API, toward the vendor alone: no client of ours speaks it."""

from llm.dialects.gemini.chunks import ChunkParser, StreamParser, parse_completion
from llm.dialects.gemini.requests import render_count, render_request

name = "gemini"

__all__ = ["ChunkParser", "StreamParser", "name", "parse_completion", "render_count", "render_request"]
