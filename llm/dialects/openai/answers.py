"""A whole answer as clients of this dialect read it."""

from __future__ import annotations

from llm.call import Record, public_id
from llm.dialects.openai.usage import render_usage
from llm.dialects.usage import usage_of
from llm.types import Choice, Completion, FinishReason, JsonObject, Request, ToolCall

DIALECT = "openai"


def render_completion(request: Request, record: Record, completion: Completion) -> JsonObject:
    same = completion.dialect == DIALECT
    choices = [_choice(at, choice, same, request.legacy_functions) for at, choice in enumerate(completion.choices)]
    return {
        "id": public_id(record.id),
        "object": "chat.completion",
        "created": int(record.created_at.timestamp()),
        "model": completion.upstream_model or record.upstream_model or record.model,
        "choices": choices,
        "usage": render_usage(usage_of(record, completion), same=same),
        **(completion.extra or {} if same else {}),
    }


def finish_word(reason: FinishReason | None, *, legacy: bool) -> str:
    if legacy and reason == "tool_calls":
        return "function_call"
    return reason or "stop"


def _choice(index: int, choice: Choice, same: bool, legacy: bool) -> JsonObject:
    extra = dict(choice.extra) if same and choice.extra else {}
    message = _message(choice, same, legacy) | extra.pop("message", {})
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_word(choice.finish_reason, legacy=legacy),
        **extra,
    }


def _message(choice: Choice, same: bool, legacy: bool) -> JsonObject:
    silent = not choice.text and (choice.tool_calls or choice.refusal)
    message: JsonObject = {
        "role": "assistant",
        "content": None if silent else choice.text,
        "refusal": choice.refusal or None,
    }
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    if choice.reasoning_signature:
        message["reasoning_signature"] = choice.reasoning_signature
    if choice.tool_calls and legacy:
        first = choice.tool_calls[0]
        message["function_call"] = {"name": first.name, "arguments": first.arguments}
    elif choice.tool_calls:
        message["tool_calls"] = [_call(call, same) for call in choice.tool_calls]
    return message


def _call(call: ToolCall, same: bool) -> JsonObject:
    extra = dict(call.extra) if same and call.extra else {}
    words = "input" if call.kind == "custom" else "arguments"
    inside = {"name": call.name, words: call.arguments, **extra.pop(call.kind, {})}
    return {"id": call.id, "type": call.kind, call.kind: inside, **extra}
