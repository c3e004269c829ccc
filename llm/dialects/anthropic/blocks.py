"""The blocks that a message of this dialect is made of, read into parts and written back."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

import orjson

from llm.dialects.anthropic.rendering import Rendering
from llm.dialects.fields import Fields
from llm.dialects.media import check_base64, check_url
from llm.dialects.signatures import unsigned
from llm.dialects.tools import LONGEST_ID, nested
from llm.types import Audio, File, Image, JsonObject, Opaque, Part, Reasoning, Refusal, Text, ToolCall

PLAIN_TEXT = "text/plain"


def read_block(fields: Fields) -> Part:
    """What is of no kind of ours is opaque: its own dialect takes it back as it is."""
    kind = fields.left.get("type")
    if not isinstance(kind, str):
        raise fields.wrong("type", kind, "a string")
    read = READERS.get(kind)
    part = read(fields) if read is not None else None
    return Opaque(fields.left) if part is None else part


def _text(fields: Fields) -> Text:
    del fields.left["type"]
    return Text(fields.text("text", most=None) or "", fields.rest())


def _thinking(fields: Fields) -> Reasoning:
    del fields.left["type"]
    text, signature = fields.text("thinking", most=None), fields.text("signature", most=None)
    return Reasoning(text or "", signature, fields.rest())


def _call(fields: Fields) -> ToolCall:
    del fields.left["type"]
    identity, name = fields.required_text("id", most=LONGEST_ID), fields.required_text("name")
    arguments = orjson.dumps(fields.mapping("input") or {}).decode()
    return ToolCall(identity, name, arguments, extra=fields.rest())


def _image(fields: Fields) -> Image | None:
    source = _source(fields, ("base64", "url"))
    if source is None:
        return None
    return Image(_url(source, "image"), extra=nested("source", source.rest(), fields.rest()))


def _document(fields: Fields) -> File | None:
    source = _source(fields, ("base64", "url", "text", "file"))
    if source is None:
        return None
    title = fields.text("title", most=None)
    if source.left.get("type") == "file":
        del source.left["type"]
        file = File(file_id=source.required_text("file_id"), name=title)
    else:
        file = File(_url(source, None), name=title)
    file.extra = nested("source", source.rest(), fields.rest())
    return file


def _source(fields: Fields, kinds: tuple[str, ...]) -> Fields | None:
    """The reader of a source that is one of `kinds`; of any other the block stays as it is."""
    source = fields.left.get("source")
    if not isinstance(source, dict):
        raise fields.wrong("source", source, "an object")
    if source.get("type") not in kinds:
        return None
    del fields.left["type"], fields.left["source"]
    return Fields(source, fields.at("source"), strict=fields.strict)


def _url(source: Fields, kind: str | None) -> str:
    form = source.left.pop("type")
    if form == "url":
        return check_url(source.required_text("url", most=None), source.at("url"), kind=kind)
    media_type = source.required_text("media_type")
    data = source.required_text("data", most=None)
    if form == "text":
        data = binascii.b2a_base64(data.encode(), newline=False).decode()
    if kind is not None and not media_type.startswith(f"{kind}/"):
        raise source.wrong("media_type", media_type, f"{kind}/…")
    return f"data:{media_type};base64,{check_base64(data, source.at('data'))}"


READERS: dict[str, Callable[[Fields], Part | None]] = {
    "text": _text,
    "thinking": _thinking,
    "tool_use": _call,
    "image": _image,
    "document": _document,
}


def render_part(part: Part, path: str, rendering: Rendering) -> JsonObject | None:
    """None where there is nothing to say, or no way to say it here."""
    match part:
        case Text() if part.text or rendering.same:
            return {"type": "text", "text": part.text, **rendering.kept(part.extra, path)}
        case Refusal():
            return {"type": "text", "text": part.text}
        case Image():
            return _rendered_image(part, path, rendering)
        case File():
            return _rendered_file(part, path, rendering)
        case ToolCall():
            said = {"type": "tool_use", "id": unsigned(part.id), "name": part.name, "input": _input(part)}
            return said | rendering.kept(part.extra, path)
        case Reasoning() if not rendering.is_foreign(part) and (rendering.same or part.signature):
            signed = {} if part.signature is None else {"signature": part.signature}
            return {"type": "thinking", "thinking": part.text, **signed, **rendering.kept(part.extra, path)}
        case Opaque() if rendering.same:
            return part.data
        case Opaque() | Audio() | Reasoning():
            rendering.dropped.append(path)
    return None


def _rendered_image(image: Image, path: str, rendering: Rendering) -> JsonObject:
    if image.detail not in (None, "auto"):
        rendering.dropped.append(f"{path}.detail")
    extra = rendering.kept(image.extra, path)
    return {"type": "image", "source": _rendered_source(image.url) | extra.pop("source", {}), **extra}


def _rendered_file(file: File, path: str, rendering: Rendering) -> JsonObject:
    extra = rendering.kept(file.extra, path)
    source: JsonObject = {"type": "file", "file_id": file.file_id}
    if file.url is not None:
        source = _rendered_source(file.url)
    titled = {} if file.name is None else {"title": file.name}
    return {"type": "document", "source": source | extra.pop("source", {}), **titled, **extra}


def _rendered_source(url: str) -> JsonObject:
    head, comma, data = url.partition(",")
    if not comma or head[:5].lower() != "data:":
        return {"type": "url", "url": url}
    media_type = head[5:].partition(";")[0] or PLAIN_TEXT
    if media_type == PLAIN_TEXT:
        text = binascii.a2b_base64(data).decode(errors="replace")
        return {"type": "text", "media_type": media_type, "data": text}
    return {"type": "base64", "media_type": media_type, "data": data}


def _input(call: ToolCall) -> JsonObject:
    """What the model wrote may be no object, and no JSON: then it is told in one."""
    if not call.arguments:
        return {}
    found: Any = None
    if call.kind == "function":
        try:
            found = orjson.loads(call.arguments)
        except orjson.JSONDecodeError:
            pass
    return found if isinstance(found, dict) else {"input": call.arguments}
