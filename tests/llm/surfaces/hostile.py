"""Hostile requests, and what each is answered with: one table for both dialects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.llm.surfaces.house import question

Json = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Case:
    """`status` is the native one: to OpenAI's clients every 422 is a 400. `param` is the path in each dialect."""

    name: str
    body: bytes
    status: int
    code: str
    param: str | None = None


def raw(
    name: str, body: str | bytes, code: str = "malformed_body", status: int = 400, param: str | None = None
) -> Case:
    return Case(name, body if isinstance(body, bytes) else body.encode(), status, code, param)


def said(name: str, body: Json, param: str | None, code: str = "invalid_field", status: int = 422) -> Case:
    return Case(name, json.dumps(body).encode(), status, code, param)


def asked(**fields: Any) -> Json:
    return question("gpt-4o-mini", **fields)


def told(*messages: Any, model: str = "gpt-4o-mini") -> Json:
    return {"model": model, "messages": list(messages)}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


DEEP = '{"messages":' + "[" * 64 + "]" * 64 + "}"
BODIES = (
    raw("nothing", ""),
    raw("white space", " \r\n\t "),
    raw("no JSON", "model=gpt-4o-mini"),
    raw("half of it", '{"model": "gpt-4o-mini", "messages": ['),
    raw("more after it", '{"model": "x"} {"model": "y"}'),
    raw("a comment in it", '{"model": "x" /* y */}'),
    raw("single quotes", "{'model': 'x'}"),
    raw("a trailing comma", '{"model": "x",}'),
    raw("a list", "[]"),
    raw("null", "null"),
    raw("a number", "7"),
    raw("a string", '"{}"'),
    raw("NaN", '{"temperature": NaN}'),
    raw("Infinity", '{"temperature": Infinity}'),
    raw("minus Infinity", '{"temperature": -Infinity}'),
    raw("a number beyond all bounds", '{"temperature": 1e999}'),
    raw("a lone surrogate", r'{"model": "\ud800"}'),
    raw("surrogates the wrong way round", r'{"model": "\udc00\ud800"}'),
    raw("a raw NUL", '{"model": "a\x00b"}'),
    raw("a raw line break in a string", '{"model": "a\nb"}'),
    raw("no UTF-8", b'{"model": "\xff\xfe"}'),
    raw("UTF-16", '{"model": "x"}'.encode("utf-16")),
    raw("a surrogate in UTF-8", b'{"model": "\xed\xa0\x80"}'),
    raw("a byte order mark", b'\xef\xbb\xbf{"model": "x"}'),
    raw("a field twice", '{"model": "a", "model": "b"}', "duplicate_key", param="model"),
    raw("a field twice, escaped", r'{"model": "a", "mod\u0065l": "b"}', "duplicate_key", param="model"),
    raw("a field twice deep inside", '{"messages": [{"role": "user", "role": "tool"}]}', "duplicate_key", param="role"),
    raw("too deep", DEEP, "body_too_deep"),
    raw("far too deep", "[" * 500_000, "body_too_deep"),
    raw("far too deep, in objects", '{"a":' * 200_000, "body_too_deep"),
    raw("too many pieces", '{"messages":[' + "[]," * 1_400_000 + "[]]}", "body_too_complex"),
)

MODELS = (
    said("a model that is a number", told(user("x")) | {"model": 7}, "model"),
    said("a model that is a list", told(user("x")) | {"model": ["gpt-4o-mini"]}, "model"),
    said("a model with a long name", told(user("x"), model="x" * 300), "model"),
    said("no model, and none by default", {"messages": [user("x")]}, "model"),
    said("an empty model", told(user("x"), model=""), "model"),
    said("an unknown model", told(user("x"), model="gpt-4o-minim"), "model", "model_not_found", 404),
    said("a model with a line break", told(user("x"), model="a\r\nset-cookie: b"), "model", "model_not_found", 404),
    said("a model with a NUL", told(user("x"), model="a\0b"), "model", "model_not_found", 404),
    said("a model in another script", told(user("x"), model="世界"), "model", "model_not_found", 404),
)

MESSAGES = (
    said("no messages", {"model": "gpt-4o-mini"}, "messages"),
    said("null messages", {"model": "gpt-4o-mini", "messages": None}, "messages"),
    said("empty messages", told(), "messages"),
    said("messages that are text", {"model": "gpt-4o-mini", "messages": "hello"}, "messages"),
    said("messages that are an object", {"model": "gpt-4o-mini", "messages": user("x")}, "messages"),
    said("a message that is text", told("hello"), "messages[0]"),
    said("a message that is null", told(user("x"), None), "messages[1]"),
    said("no role", told({"content": "x"}), "messages[0].role"),
    said("a bad role", told({"role": "root", "content": "x"}), "messages[0].role"),
    said("a role that is a list", told({"role": ["user"], "content": "x"}), "messages[0].role"),
    said("no content", told({"role": "user"}), "messages[0].content"),
    said("content that is a number", told(user(7)), "messages[0].content"),
    said("content that is an object", told(user({"type": "text", "text": "x"})), "messages[0].content"),
    said("no parts", told(user([])), "messages[0].content"),
    said("a part that is text", told(user(["x"])), "messages[0].content[0]"),
    said("a part without a type", told(user([{"text": "x"}])), "messages[0].content[0].type"),
    said("text that is a number", told(user([{"type": "text", "text": 7}])), "messages[0].content[0].text"),
    said("a tool's result for nobody", told({"role": "tool", "content": "x"}), "messages[0].tool_call_id"),
    said("a function's result without its name", told({"role": "function", "content": "x"}), "messages[0].name"),
    said("tool calls that are an object", told({"role": "assistant", "tool_calls": {}}), "messages[0].tool_calls"),
    said("a call without an id", told({"role": "assistant", "tool_calls": [{}]}), "messages[0].tool_calls[0].id"),
    said("more than 2,000 messages", told(*[user("x")] * 2_001), "messages"),
    said("more than 2,000 parts", told(user([{"type": "text", "text": "x"}] * 2_001)), "messages[0].content"),
    said("a stream that is a word", asked(stream="yes"), "stream"),
    said("a stream that is a number", asked(stream=1), "stream"),
)

OPTIONS: tuple[tuple[str, Any], ...] = (
    ("temperature", 2.1),
    ("temperature", -0.1),
    ("temperature", "hot"),
    ("temperature", True),
    ("temperature", 10**30),
    ("temperature", []),
    ("max_tokens", 0),
    ("max_tokens", -1),
    ("max_tokens", 1.5),
    ("max_tokens", "7"),
    ("max_tokens", 10**30),
    ("max_tokens", 2**63),
    ("max_tokens", {}),
    ("top_p", 1.1),
    ("frequency_penalty", 3),
    ("presence_penalty", -3),
    ("seed", 2**70),
    ("seed", 0.5),
    ("stop", 7),
    ("stop", {}),
    ("stop", ["x"] * 17),
    ("tools", {}),
    ("tools", [{"name": "f"}] * 257),
    ("tool_choice", "perhaps"),
    ("tool_choice", 7),
    ("response_format", "json"),
    ("parallel_tool_calls", "yes"),
    ("reasoning_effort", 7),
)
"""A wrong value for each option, the option itself being what is named."""

INNER_OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("stop", ["x", 7], "stop[1]"),
    ("stop", ["x" * 1_001], "stop[0]"),
    ("tools", ["f"], "tools[0]"),
    ("tools", [{"description": "x"}], "tools[0].name"),
    ("tools", [{"name": "f", "parameters": "none"}], "tools[0].parameters"),
    ("response_format", {"type": "json_schema"}, "response_format.json_schema"),
)


def options(dialect: str) -> Iterator[Case]:
    path = "options." if dialect == "native" else ""
    for name, value, param in (*((name, value, name) for name, value in OPTIONS), *INNER_OPTIONS):
        yield said(f"{name} {str(value)[:40]}", with_options(dialect, {name: value}), f"{path}{param}")


def with_options(dialect: str, fields: Json, model: str = "gpt-4o-mini") -> Json:
    return question(model, **({"options": fields} if dialect == "native" else fields))


OURS: tuple[tuple[str, Any, str], ...] = (
    ("provider", 7, "provider"),
    ("fallbacks", "gpt-4o-mini", "fallbacks"),
    ("fallbacks", [7], "fallbacks[0]"),
    ("fallbacks", ["gpt-4o-mini"] * 17, "fallbacks"),
    ("prompt", "hello", "prompt"),
    ("prompt", {}, "prompt.name"),
    ("context", [], "context"),
    ("context", {"sources": [7]}, "context.sources[0]"),
    ("cache", True, "cache"),
    ("cache", {"mode": "always"}, "cache.mode"),
    ("cache", {"ttl": 0}, "cache.ttl"),
    ("cache", {"ttl": 10**12}, "cache.ttl"),
    ("metadata", 7, "metadata"),
    ("metadata", {"user_id": 7}, "metadata.user_id"),
    ("metadata", {"user_id": "x" * 257}, "metadata.user_id"),
    ("metadata", {"purpose": "fun"}, "metadata.purpose"),
    ("metadata", {"priority": "urgent"}, "metadata.priority"),
    ("metadata", {"tags": {"a": 7}}, "metadata.tags.a"),
    ("metadata", {"tags": {f"t{n}": "x" for n in range(65)}}, "metadata.tags"),
)


def ours(dialect: str) -> Iterator[Case]:
    for name, value, param in OURS:
        path = param if dialect == "native" else f"gatehouse.{param}"
        yield said(f"{name} {str(value)[:40]}", with_ours(dialect, {name: value}), path)


def with_ours(dialect: str, fields: Json, model: str = "gpt-4o-mini") -> Json:
    return question(model, **(fields if dialect == "native" else {"gatehouse": fields}))


UNKNOWN = (
    said("an unknown field", asked(cash=1), "cash", "unknown_field"),
    said("an unknown option", asked(options={"heat": 1}), "options.heat", "unknown_field"),
    said("n, which is no option here", asked(options={"n": 2}), "options.n", "unknown_field"),
    said("an unknown field of a message", told(user("x") | {"mood": 1}), "messages[0].mood", "unknown_field"),
    said(
        "an unknown field of a part",
        told(user([{"type": "text", "text": "x", "mood": 1}])),
        "messages[0].content[0].mood",
        "unknown_field",
    ),
    said("a part of an unknown type", told(user([{"type": "smell"}])), "messages[0].content[0].type"),
    said("an unknown field of the cache", asked(cache={"age": 1}), "cache.age", "unknown_field"),
    said("an unknown field of the context", asked(context={"x": 1}), "context.x", "unknown_field"),
    said("an unknown field of the metadata", asked(metadata={"x": 1}), "metadata.x", "unknown_field"),
    said("an unknown field of the prompt", asked(prompt={"name": "p", "x": 1}), "prompt.x", "unknown_field"),
    said("a field of the other dialect", asked(temperature=0), "temperature", "unknown_field"),
)
"""On the native surface alone: elsewhere what is unknown may be the vendor's."""

OPENAI_ALONE = (
    said("too many choices", asked(n=9), "n"),
    said("no choice", asked(n=0), "n"),
    said("two different bounds", asked(max_tokens=1, max_completion_tokens=2), "max_tokens"),
    said("tools by both names", asked(tools=[{"name": "f"}], functions=[{"name": "f"}]), "functions"),
    said("stream options that are a list", asked(stream_options=[]), "stream_options"),
    said(
        "a wish for usage that is a word", asked(stream_options={"include_usage": "y"}), "stream_options.include_usage"
    ),
    said("a gatehouse that is a list", asked(gatehouse=[]), "gatehouse"),
    said("an unknown field for us", asked(gatehouse={"cash": 1}), "gatehouse.cash", "unknown_field"),
    said("a user that is a number", asked(user=7), "user"),
)

MEDIA: tuple[tuple[str, str, str], ...] = (
    ("an address without a scheme", "images.example/cat.png", "invalid_url"),
    ("an address of a file", "file:///etc/passwd", "invalid_url"),
    ("an address of another kind", "ftp://images.example/cat.png", "invalid_url"),
    ("a script", "javascript:alert(1)", "invalid_url"),
    ("an address with a password", "https://user:secret@images.example/cat.png", "invalid_url"),
    ("an address with a space", "https://images.example/a cat.png", "invalid_url"),
    ("an endless address", "https://images.example/" + "x" * 9_000, "invalid_url"),
    ("data without base64", "data:image/png,abc", "invalid_url"),
    ("data without a comma", "data:image/png;base64", "invalid_url"),
    ("data of another kind", "data:text/html;base64,PGI+", "invalid_url"),
    ("data of no kind", "data:;base64,PGI+", "invalid_url"),
    ("broken base64", "data:image/png;base64,iVBOR!!!", "invalid_base64"),
    ("base64 cut short", "data:image/png;base64,iVBORw0", "invalid_base64"),
    ("no base64 at all", "data:image/png;base64,", "invalid_base64"),
)


def media(dialect: str) -> Iterator[Case]:
    for name, url, code in MEDIA:
        part = {"type": "image", "image": url} if dialect == "native" else picture(url)
        param = "messages[0].content[0]." + ("image" if dialect == "native" else "image_url.url")
        yield said(name, told(user([part])), param, code)


def picture(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


def prepared(dialect: str) -> Iterator[Case]:
    """What only the registry can tell: these reach the books."""
    path, mine = ("options.", "") if dialect == "native" else ("", "gatehouse.")
    pixel = "data:image/png;base64,iVBORw0KGgo="
    image = {"type": "image", "image": pixel} if dialect == "native" else picture(pixel)
    tools = {"tools": [{"name": "f"}]}
    yield from (case for case in MODELS if case.status == 404)
    yield said(
        "an unknown provider", with_ours(dialect, {"provider": "fak"}), f"{mine}provider", "provider_not_found", 404
    )
    yield said(
        "an unknown prompt",
        with_ours(dialect, {"prompt": {"name": "p"}}),
        f"{mine}prompt.name",
        "prompt_not_found",
        404,
    )
    yield said("a provider without this model", with_ours(dialect, {"provider": "echo"}), f"{mine}provider")
    yield said(
        "an unknown fallback", with_ours(dialect, {"fallbacks": ["nobody"]}), f"{mine}fallbacks", "model_not_found", 404
    )
    yield said("over the window", question("narrow", "word " * 300), "messages", "context_length_exceeded")
    yield said("over the model's bound", with_options(dialect, {"max_tokens": 51}, "narrow"), f"{path}max_tokens")
    yield said(
        "tools for who has none", with_options(dialect, tools, "text-only"), f"{path}tools", "unsupported_capability"
    )
    yield said("a picture for the blind", told(user([image]), model="text-only"), "messages", "unsupported_capability")
    yield said("a stream from who cannot", question("unstreamed", stream=True), "stream", "unsupported_capability")
    yield said(
        "tools where no route takes them",
        with_options(dialect, tools, "toolless-route"),
        "model",
        "unsupported_capability",
    )


def table(dialect: str) -> list[Case]:
    own = UNKNOWN if dialect == "native" else OPENAI_ALONE
    every = (*BODIES, *MODELS, *MESSAGES, *options(dialect), *ours(dialect), *own, *media(dialect), *prepared(dialect))
    return list({case.name: case for case in every}.values())
