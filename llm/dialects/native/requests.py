"""The native request, read strictly and written back."""

from __future__ import annotations

from llm.dialects.fields import Fields, wrong
from llm.dialects.gatehouse import read_gatehouse, render_gatehouse
from llm.dialects.messages import read_messages
from llm.dialects.native.parts import read_part, render_message
from llm.dialects.native.tools import render_options
from llm.dialects.options import read_options
from llm.types import JsonObject, Request


def parse_request(body: JsonObject) -> Request:
    """Raises InvalidField with the path of what is wrong, unknown fields included."""
    fields = Fields(body, "", strict=True)
    request = Request(messages=read_messages(fields, read_part), model=fields.text("model"))
    read_rest(fields, request)
    if not request.messages and request.prompt is None:
        raise wrong("messages", None, "at least one message, or a prompt")
    return request


def read_rest(fields: Fields, request: Request) -> None:
    """All but messages and model, into `request`; nothing may be left then."""
    read_gatehouse(fields, request)
    if options := fields.inner("options"):
        request.options = read_options(options)
        options.rest()
    request.stream = fields.flag("stream") or False
    fields.rest()


def render_request(request: Request) -> JsonObject:
    """What a caller would have written; the `extra`s of other dialects have no place in it."""
    body: JsonObject = {
        "model": request.model,
        "messages": [render_message(message) for message in request.messages],
        **render_gatehouse(request),
        "options": render_options(request.options),
        "stream": request.stream or None,
    }
    return {name: value for name, value in body.items() if value is not None and value != {}}
