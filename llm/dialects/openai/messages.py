"""Messages and their parts in the OpenAI dialect, both ways."""

from __future__ import annotations

from collections.abc import Callable

from llm.dialects.fields import Fields
from llm.dialects.media import check_base64, check_url
from llm.dialects.openai.rendering import Rendering
from llm.dialects.openai.tools import render_call
from llm.dialects.signatures import unsigned
from llm.dialects.tools import nested
from llm.types import Audio, File, Image, JsonObject, Message, Opaque, Part, Reasoning, Refusal, Text, ToolCall


def read_part(fields: Fields) -> Part:
    kind = fields.left.get("type")
    if not isinstance(kind, str):
        raise fields.wrong("type", kind, "a string")
    if kind == "text":
        del fields.left["type"]
        return Text(fields.text("text", most=None) or "", fields.rest())
    if kind == "refusal":
        return Refusal(fields.text("refusal", most=None) or "")
    read = READERS.get(kind)
    if read is None:
        return Opaque(fields.left)
    del fields.left["type"]
    inner = fields.inner(kind)
    if inner is None:
        raise fields.wrong(kind, None, "an object")
    return read(inner, fields)


def _image(image: Fields, part: Fields) -> Image:
    url = check_url(image.required_text("url", most=None), image.at("url"), kind="image")
    return Image(url, image.text("detail"), nested("image_url", image.rest(), part.rest()))


def _audio(audio: Fields, part: Fields) -> Audio:
    data = check_base64(audio.required_text("data", most=None), audio.at("data"))
    return Audio(data, audio.required_text("format"), nested("input_audio", audio.rest(), part.rest()))


def _file(file: Fields, part: Fields) -> File:
    data = file.text("file_data", most=None)
    return File(
        url=None if data is None else check_url(data, file.at("file_data")),
        file_id=file.text("file_id"),
        name=file.text("filename"),
        extra=nested("file", file.rest(), part.rest()),
    )


READERS: dict[str, Callable[[Fields, Fields], Part]] = {"image_url": _image, "input_audio": _audio, "file": _file}


def render_message(message: Message, path: str, rendering: Rendering) -> JsonObject:
    role = message.role
    if role == "developer" and not rendering.profile.developer_role:
        role = "system"
    said: JsonObject = {"role": role, "content": _content(message, path, rendering)}
    if message.name is not None and (role == "tool" or rendering.profile.names):
        said["name"] = message.name
    elif message.name is not None:
        rendering.dropped.append(f"{path}.name")
    if role == "tool":
        said["tool_call_id"] = rendering.call_id(message.tool_call_id)
    if message.is_error:
        rendering.dropped.append(f"{path}.is_error")
    if role == "assistant":
        _render_turn(said, message, path, rendering)
    if message.extra:
        said.update(rendering.kept(message.extra, path))
    return said


def _render_turn(said: JsonObject, message: Message, path: str, rendering: Rendering) -> None:
    """What only the model's own messages carry: refusal, reasoning, calls."""
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        said["tool_calls"] = [render_call(c, f"{path}.tool_calls[{at}]", rendering) for at, c in enumerate(calls)]
    if refusal := "".join(part.text for part in message.parts if isinstance(part, Refusal)):
        said["refusal"] = refusal
    _render_reasoning(said, message, path, rendering)


def _render_reasoning(said: JsonObject, message: Message, path: str, rendering: Rendering) -> None:
    """A vendor that takes what led to a call wants it with every call: of a client that kept none it hears nothing."""
    reasoning = [part for part in message.parts if isinstance(part, Reasoning)]
    profile = rendering.profile
    if profile.reasoning_field is None or (profile.reasoning_with_calls and "tool_calls" not in said):
        if reasoning:
            rendering.dropped.append(f"{path}.reasoning")
        return
    if reasoning or profile.reasoning_with_calls:
        said[profile.reasoning_field] = "".join(part.text for part in reasoning)
    if reasoning and (signature := unsigned(reasoning[-1].signature or "")):
        said["reasoning_signature"] = signature


def _content(message: Message, path: str, rendering: Rendering) -> str | list[JsonObject] | None:
    parts = [part for part in message.parts if not isinstance(part, ToolCall | Reasoning | Refusal)]
    if not parts:
        return None if message.role == "assistant" else ""
    texts = [part.text for part in parts if type(part) is Text and not part.extra]
    if len(texts) == len(parts) and (len(parts) == 1 or not rendering.profile.text_parts):
        return "\n".join(texts)
    said = [_part(part, f"{path}.content[{at}]", rendering) for at, part in enumerate(parts)]
    return [part for part in said if part is not None] or ""


def _part(part: Part, path: str, rendering: Rendering) -> JsonObject | None:
    if isinstance(part, Opaque):
        if rendering.same:
            return part.data
        rendering.dropped.append(path)
        return None
    name, inside = _words(part)
    extra = rendering.kept(getattr(part, "extra", None), path)
    if isinstance(inside, str):
        return {"type": name, name: inside, **extra}
    inside = {key: value for key, value in inside.items() if value is not None}
    return rendering.wrapped(name, inside, {"type": name}, extra)


def _words(part: Part) -> tuple[str, str | JsonObject]:
    match part:
        case Text():
            return "text", part.text
        case Image():
            return "image_url", {"url": part.url, "detail": part.detail}
        case Audio():
            return "input_audio", {"data": part.data, "format": part.format}
        case File():
            return "file", {"file_data": part.url, "file_id": part.file_id, "filename": part.name}
        case _:
            raise TypeError(f"{type(part).__name__} is no part of a message's content")
