"""Messages and their parts in native words."""

from __future__ import annotations

from llm.dialects.fields import Fields
from llm.dialects.media import check_base64, check_url
from llm.types import Audio, File, Image, JsonObject, Message, Opaque, Part, Reasoning, Refusal, Text, ToolCall

KINDS = ("text", "image", "audio", "file")


def read_part(fields: Fields) -> Part:
    kind = fields.word("type", KINDS)
    match kind:
        case "text":
            part: Part = Text(fields.text("text", most=None) or "")
        case "image":
            url = fields.required_text("image", most=None)
            part = Image(check_url(url, fields.at("image"), kind="image"), fields.text("detail"))
        case "audio":
            data = fields.required_text("audio", most=None)
            part = Audio(check_base64(data, fields.at("audio")), fields.required_text("format"))
        case "file":
            part = _file(fields)
        case _:
            raise fields.wrong("type", None, f"one of {', '.join(KINDS)}")
    fields.rest()
    return part


def _file(fields: Fields) -> File:
    url, file_id = fields.text("file", most=None), fields.text("file_id")
    if url is None and not file_id:
        raise fields.wrong("file", None, "an address, a data: URL or a file_id")
    return File(None if url is None else check_url(url, fields.at("file")), file_id, fields.text("name"))


def render_message(message: Message) -> JsonObject:
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
    said: JsonObject = {
        "role": message.role,
        "content": _content(message.parts),
        "reasoning": "".join(part.text for part in message.parts if isinstance(part, Reasoning)) or None,
        "reasoning_signature": next((p.signature for p in message.parts if isinstance(p, Reasoning)), None),
        "refusal": "".join(part.text for part in message.parts if isinstance(part, Refusal)) or None,
        "tool_calls": calls or None,
        "name": message.name,
        "tool_call_id": message.tool_call_id,
        "is_error": message.is_error or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _call(call: ToolCall) -> JsonObject:
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def _content(parts: list[Part]) -> str | list[JsonObject] | None:
    said = [rendered for part in parts if (rendered := _part(part)) is not None]
    if len(said) == 1 and said[0]["type"] == "text":
        text: str = said[0]["text"]
        return text
    return said or None


def _part(part: Part) -> JsonObject | None:
    match part:
        case Text():
            said: JsonObject = {"type": "text", "text": part.text}
        case Image():
            said = {"type": "image", "image": part.url, "detail": part.detail}
        case Audio():
            said = {"type": "audio", "audio": part.data, "format": part.format}
        case File():
            said = {"type": "file", "file": part.url, "file_id": part.file_id, "name": part.name}
        case Opaque():
            return part.data
        case _:
            return None
    return {name: value for name, value in said.items() if value is not None}
