"""A whole answer as clients of this dialect read it."""

from __future__ import annotations

import orjson

from llm.call import Record, public_id
from llm.dialects.anthropic.stops import DIALECT, render_stop
from llm.dialects.anthropic.usage import render_usage
from llm.dialects.usage import usage_of
from llm.fold import replay
from llm.types import (
    BlockDelta,
    Completion,
    JsonObject,
    ReasoningDelta,
    Request,
    TextDelta,
    ToolCallDelta,
)

EMPTY: dict[str, JsonObject] = {
    "text": {"type": "text", "text": ""},
    "reasoning": {"type": "thinking", "thinking": "", "signature": ""},
}


def render_completion(request: Request, record: Record, completion: Completion) -> JsonObject:
    """One choice: this dialect cannot ask for more."""
    same = completion.dialect == DIALECT
    return {
        "id": public_id(record.id),
        "type": "message",
        "role": "assistant",
        "model": completion.upstream_model or record.upstream_model or record.model,
        "content": render_content(completion, same=same),
        **render_stop(completion),
        "usage": render_usage(usage_of(record, completion), same=same),
        **(completion.extra or {} if same else {}),
    }


def render_content(completion: Completion, *, same: bool) -> list[JsonObject]:
    content: list[JsonObject] = []
    for event in replay(completion):
        match event:
            case BlockDelta(kind="opaque", choice=0) if same:
                content.append(whole(event.extra or {}))
            case BlockDelta(kind="text" | "reasoning", choice=0):
                content.append({**EMPTY[str(event.kind)], **(event.extra or {} if same else {})})
            case TextDelta(choice=0) if event.text:
                _block(content, "text")["text"] = event.text
            case ReasoningDelta(choice=0):
                _block(content, "reasoning").update(thinking=event.text, signature=event.signature or "")
            case ToolCallDelta(choice=0):
                content.append(_call(event, same))
    return content


def whole(data: JsonObject) -> JsonObject:
    """A block with what was added to it laid in."""
    block = {name: value for name, value in data.items() if name not in ("partial_json", "deltas")}
    if "partial_json" in data:
        block["input"] = parsed(data["partial_json"])
    for delta in data.get("deltas", ()):
        for name, value in delta.items():
            before = block.get(name)
            grows = type(value) is str and type(before) is str and name != "type"
            if name != "type":
                block[name] = before + value if grows else value
    return block


def parsed(arguments: str) -> JsonObject:
    """What the model wrote may be no object, and no JSON: then it is told in one."""
    try:
        found = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"input": arguments}


def _block(content: list[JsonObject], kind: str) -> JsonObject:
    """The block that has just begun; a new one where the vendor's dialect knows no blocks."""
    if not content or content[-1].get("type") != EMPTY[kind]["type"]:
        content.append(dict(EMPTY[kind]))
    return content[-1]


def _call(call: ToolCallDelta, same: bool) -> JsonObject:
    said = {"type": "tool_use", "id": call.id, "name": call.name, "input": parsed(call.arguments)}
    return said | (call.extra or {} if same else {})
