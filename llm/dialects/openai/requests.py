"""The chat completion request: read from clients, written to vendors."""

from __future__ import annotations

from llm.dialects.fields import Fields
from llm.dialects.gatehouse import read_gatehouse
from llm.dialects.messages import read_messages
from llm.dialects.openai.messages import read_part, render_message
from llm.dialects.openai.profile import OPENAI, Profile
from llm.dialects.openai.rendering import Rendering
from llm.dialects.openai.tools import render_choice, render_format, render_tool, schema_in_words
from llm.dialects.options import MOST_TOKENS, read_options
from llm.errors import InvalidField
from llm.types import JsonObject, Options, Request

MOST_CHOICES = 8

SAME = (
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "n",
    "reasoning_effort",
)
"""Options that the wire calls as we do."""


def parse_request(body: JsonObject) -> Request:
    """Raises InvalidField; what is not ours to know survives in `extra` at its level."""
    fields = Fields(body, "", strict=False)
    legacy = bool(body.get("functions") or body.get("function_call"))
    request = Request(
        messages=read_messages(fields, read_part),
        model=fields.text("model"),
        options=_options(fields),
        stream=fields.flag("stream") or False,
        legacy_functions=legacy,
        dialect="openai",
    )
    _stream_options(fields, request)
    _gatehouse(fields, request)
    if not request.messages and request.prompt is None:
        raise fields.wrong("messages", None, "at least one message")
    request.extra = fields.rest()
    return request


def _options(fields: Fields) -> Options:
    options = read_options(fields)
    options.n = fields.integer("n", 1, MOST_CHOICES)
    bound = fields.integer("max_completion_tokens", 1, MOST_TOKENS)
    if bound is not None:
        if options.max_tokens not in (None, bound):
            message = f"max_tokens is {options.max_tokens}, but max_completion_tokens is {bound}."
            raise InvalidField(message, param="max_tokens")
        options.max_tokens = bound
    return options


def _stream_options(fields: Fields, request: Request) -> None:
    options = fields.inner("stream_options")
    if options is None:
        return
    request.include_usage = options.flag("include_usage") or False
    if rest := options.rest():
        fields.left["stream_options"] = rest


def _gatehouse(fields: Fields, request: Request) -> None:
    user = fields.text("user")
    ours = fields.mapping("gatehouse")
    if ours is not None:
        reader = Fields(ours, "gatehouse", strict=True)
        read_gatehouse(reader, request)
        reader.rest()
    if user is not None:
        fields.left["user"] = user
    if request.metadata.user_id is None:
        request.metadata.user_id = user


def render_request(
    request: Request, *, model: str, max_tokens: int | None, profile: Profile = OPENAI, dropped: list[str]
) -> JsonObject:
    """What to send to the vendor of `profile`; the paths of what it will not be told are added to `dropped`."""
    rendering = Rendering(profile, same=request.dialect == "openai", dropped=dropped)
    told = schema_in_words(request.options.response_format, profile)
    said = [render_message(m, f"messages[{at}]", rendering) for at, m in enumerate(request.messages)]
    body: JsonObject = {"model": model, "messages": told + said}
    if max_tokens is not None:
        body[profile.output_bound] = max_tokens
    _render_options(body, request, rendering)
    extra = rendering.kept(request.extra, "")
    stream_options = extra.pop("stream_options", {})
    body.update(extra)
    if request.stream:
        body["stream"] = True
        if profile.stream_options:
            body["stream_options"] = {**stream_options, "include_usage": True}
    return rendering.accepted(body)


def _render_options(body: JsonObject, request: Request, rendering: Rendering) -> None:
    options = request.options
    for name in SAME:
        value = getattr(options, name)
        if value is not None:
            body[name] = value
    tools = [render_tool(tool, f"tools[{at}]", rendering) for at, tool in enumerate(options.tools or ())]
    if taken := [tool for tool in tools if tool is not None]:
        body["tools"] = taken
        if options.tool_choice is not None:
            body["tool_choice"] = render_choice(options.tool_choice, rendering)
        # A client of the older functions can take one call at a time.
        parallel = False if request.legacy_functions else options.parallel_tool_calls
        if parallel is not None:
            body["parallel_tool_calls"] = parallel
    if options.response_format is not None:
        body["response_format"] = render_format(options.response_format, rendering)
