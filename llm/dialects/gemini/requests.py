"""A request as Gemini takes it. Its model stands in the address, and so does whether the answer is streamed."""

from __future__ import annotations

from llm.dialects.gemini.config import render_config
from llm.dialects.gemini.contents import Conversation
from llm.dialects.gemini.rendering import Rendering
from llm.dialects.gemini.tools import render_tools
from llm.types import JsonObject, Request


def render_request(request: Request, *, model: str, max_tokens: int | None, dropped: list[str]) -> JsonObject:
    """The paths of what Gemini will not be told are added to `dropped`. Raises ProviderUnsupported."""
    rendering = Rendering(model, dropped)
    body = _prompt(request, rendering)
    if config := render_config(request.options, max_tokens, rendering):
        body["generationConfig"] = config
    rendering.drop(request.extra, "")
    return body


def render_count(request: Request, *, model: str) -> JsonObject:
    """What to ask for the prompt's tokens alone, its tools counted in. `model` is its name as a resource."""
    return {"generateContentRequest": {"model": model, **_prompt(request, Rendering(model, []))}}


def _prompt(request: Request, rendering: Rendering) -> JsonObject:
    conversation = Conversation(rendering)
    for at, message in enumerate(request.messages):
        conversation.add(message, f"messages[{at}]")
    return {**conversation.body(), **render_tools(request.options, rendering)}
