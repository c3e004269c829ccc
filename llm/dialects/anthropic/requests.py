"""The message request: read from clients, written to vendors."""

from __future__ import annotations

from llm.dialects.anthropic.messages import read_messages, render_messages
from llm.dialects.anthropic.options import SAMPLING, read_options, render_options
from llm.dialects.anthropic.rendering import Rendering
from llm.dialects.anthropic.stops import DIALECT
from llm.dialects.anthropic.target import VERSION, Target
from llm.dialects.fields import Fields
from llm.dialects.gatehouse import read_gatehouse
from llm.types import JsonObject, Original, Request

OURS = "gatehouse"
LONGEST_USER = 256
"""Characters of a user's name that are kept."""


def parse_request(body: JsonObject) -> Request:
    """Raises InvalidField; what is not ours to know survives in `extra` at its level."""
    request = parse_question(body)
    if request.options.max_tokens is None:
        raise Fields(body, "", strict=False).wrong("max_tokens", None, "a whole number, which this dialect must have")
    return request


def parse_question(body: JsonObject) -> Request:
    """A request whose tokens are to be counted, which needs no bound on its answer."""
    fields = Fields(body, "", strict=False)
    request = Request(
        messages=read_messages(fields),
        model=fields.text("model"),
        options=read_options(fields),
        stream=fields.flag("stream") or False,
        dialect=DIALECT,
    )
    _gatehouse(fields, request)
    if not body.get("messages") and request.prompt is None:
        raise fields.wrong("messages", None, "at least one message")
    request.extra = fields.rest()
    request.original = Original(body, request.messages, request.options)
    return request


def _gatehouse(fields: Fields, request: Request) -> None:
    ours = fields.mapping(OURS)
    if ours is not None:
        reader = Fields(ours, OURS, strict=True)
        read_gatehouse(reader, request)
        reader.rest()
    said = fields.left.get("metadata")
    user = said.get("user_id") if isinstance(said, dict) else None
    if request.metadata.user_id is None and isinstance(user, str):
        request.metadata.user_id = user[:LONGEST_USER]


def render_request(request: Request, *, target: Target, max_tokens: int | None, dropped: list[str]) -> JsonObject:
    """What to send to the vendor; the paths of what it will not be told are added to `dropped`.

    What its own client sent stays word for word and in its order: prompt caches and signatures hang on it. Signatures
    and unsigned thoughts of another vendor, from an earlier turn that was asked there, are taken out.
    """
    rendering = Rendering(target, same=request.dialect == DIALECT, dropped=dropped)
    bound = target.most if max_tokens is None else max_tokens
    foreign = any(rendering.is_foreign(part) for message in request.messages for part in message.parts)
    if rendering.same and request.original is not None and not foreign:
        body = _as_sent(request.original, request, rendering, bound)
    else:
        body = _composed(request, rendering, bound)
    body["model"] = target.model
    if max_tokens is not None or body.get("max_tokens") is None:
        body["max_tokens"] = bound
    if request.stream:
        body["stream"] = True
    return body


def _as_sent(original: Original, request: Request, rendering: Rendering, bound: int) -> JsonObject:
    body = {name: value for name, value in original.body.items() if name != OURS}
    if request.messages is not original.messages:
        said = render_messages(request.messages, rendering)
        if _says_the_same(original, request):
            del said["messages"]
        body.update(said)
    if request.options is not original.options:
        # What the provider's row adds stands beside what was sent, and never in place of it.
        added = render_options(request, Rendering(rendering.target, same=True, dropped=[]), bound)
        body.update({name: value for name, value in added.items() if body.get(name) is None})
    if VERSION not in request.headers and not rendering.target.samples:
        refused = [name for name in SAMPLING if body.pop(name, None) is not None]
        rendering.dropped += refused
    return body


def _says_the_same(original: Original, request: Request) -> bool:
    """Whether only the system is new. One that is said among the turns has its place there, and moves with them."""
    apart = bool(original.body.get("system"))
    before, now = original.messages[apart:], request.messages[1:]
    if before and before[0].role == "system":
        return False
    return len(before) == len(now) and all(old is new for old, new in zip(before, now, strict=True))


def _composed(request: Request, rendering: Rendering, bound: int) -> JsonObject:
    body: JsonObject = {"model": rendering.target.model, "max_tokens": bound}
    body.update(render_messages(request.messages, rendering))
    body.update(render_options(request, rendering, bound))
    extra = rendering.kept(request.extra, "")
    if config := extra.pop("output_config", None):
        body["output_config"] = {**config, **body.get("output_config", {})}
    return body | extra
