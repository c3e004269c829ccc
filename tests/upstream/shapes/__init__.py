"""The vendors' shapes, each a module: a new one is written beside the others and named here."""

from __future__ import annotations

from tests.upstream.shapes.anthropic import Anthropic
from tests.upstream.shapes.gemini import Gemini
from tests.upstream.shapes.openai import OpenAI
from tests.upstream.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = (OpenAI(), Anthropic(), Gemini())
