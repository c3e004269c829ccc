"""The OpenAI chat shape: `POST …/chat/completions`, plain and streamed, and `GET …/models`."""

from __future__ import annotations

import math
import secrets
import time
from itertools import zip_longest
from typing import Any

from tests.upstream.answers import Answer, Choice, JsonObject, Question, Tool, ToolCall, fragments
from tests.upstream.received import Received
from tests.upstream.shapes.accents import check_accent, gives_usage
from tests.upstream.shapes.openai_request import complaint, prompt_tokens, text_of
from tests.upstream.shapes.shape import Complaint
from tests.upstream.sse import Frame

CREATED = 1_700_000_000
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1", "o4-mini")
ERRORS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("requests", "rate_limit_exceeded"),
}


class OpenAI:
    name = "openai"

    def hears(self, received: Received) -> bool:
        return received.method == "POST" and received.path.endswith("/chat/completions")

    def question(self, received: Received) -> Question:
        body = received.json
        wrong = complaint(body)
        if wrong:
            raise Complaint(wrong)
        check_accent(received.path, body)
        functions = body.get("functions")
        tools = functions or [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
        choice = body.get("function_call" if functions else "tool_choice")
        shape = body.get("response_format") or {}
        users = [message for message in body["messages"] if message["role"] == "user"]
        return Question(
            model=body["model"],
            text=text_of(users[-1]) if users else "",
            prompt_tokens=prompt_tokens(body["messages"]),
            streamed=bool(body.get("stream")),
            wants_usage=bool((body.get("stream_options") or {}).get("include_usage")) or gives_usage(received.path),
            choices=body.get("n") or 1,
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            top_logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
            tools=_offered(tools, choice),
            must_call=choice == "required" or isinstance(choice, dict),
            legacy_functions=bool(functions),
            wants_json=shape.get("type") in ("json_object", "json_schema"),
            schema=(shape.get("json_schema") or {}).get("schema"),
            key=received.key,
            answers=body["messages"][-1]["role"] == "tool",
        )

    def render(self, answer: Answer, question: Question) -> list[Frame]:
        return _stream(answer, question) if question.streamed else [_whole(answer, question)]

    def error(self, status: int, message: str, code: str | None = None) -> Frame:
        kind, usual = ERRORS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
        return Frame({"error": {"message": message, "type": kind, "param": None, "code": code or usual}})

    def headers(self) -> dict[str, str]:
        return {
            "x-request-id": f"req_{secrets.token_hex(16)}",
            "openai-processing-ms": "1",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "8.64s",
        }

    def listing(self, received: Received) -> JsonObject | None:
        path = received.path
        if "anthropic-version" in received.headers:
            return None
        if path.endswith("/models"):
            return {"object": "list", "data": [_model(name) for name in MODELS]}
        if path.endswith("/key"):
            return {"data": {"label": "sk-…", "limit": None, "usage": 0.5, "is_free_tier": False}}
        name = path.rpartition("/models/")[2]
        return _model(name) if name in MODELS else None


def _offered(tools: list[JsonObject], choice: Any) -> list[Tool]:
    named = (choice.get("function") or choice).get("name") if isinstance(choice, dict) else None
    offered = [Tool(tool["name"], tool.get("parameters") or {}) for tool in tools]
    return [tool for tool in offered if named in (None, tool.name)]


def _model(name: str) -> JsonObject:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "openai"}


def _envelope(question: Question) -> JsonObject:
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk" if question.streamed else "chat.completion",
        "created": int(time.time()),
        "model": question.model,
        "service_tier": "default",
        "system_fingerprint": "fp_upstream",
    }


def usage(answer: Answer) -> JsonObject:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _whole(answer: Answer, question: Question) -> Frame:
    choices = [
        {
            "index": index,
            "message": _message(choice, question),
            "logprobs": _logprobs(choice.words, question),
            "finish_reason": _finish(choice, question),
        }
        for index, choice in enumerate(answer.choices)
    ]
    return Frame(_envelope(question) | {"choices": choices, "usage": usage(answer)}, says=True)


def _message(choice: Choice, question: Question) -> JsonObject:
    silent = choice.calls or choice.refusal
    message: JsonObject = {
        "role": "assistant",
        "content": None if silent and not choice.words else "".join(choice.words),
        "refusal": "".join(choice.refusal) or None,
        "annotations": [],
    }
    if choice.reasoning:
        message["reasoning_content"] = "".join(choice.reasoning)
    if choice.calls and question.legacy_functions:
        message["function_call"] = {"name": choice.calls[0].name, "arguments": choice.calls[0].arguments}
    elif choice.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": _function(call)} for call in choice.calls
        ]
    return message


def _function(call: ToolCall) -> JsonObject:
    return {"name": call.name, "arguments": call.arguments}


def _finish(choice: Choice, question: Question) -> str:
    return "function_call" if question.legacy_functions and choice.finish == "tool_calls" else choice.finish


def _logprobs(words: list[str], question: Question) -> JsonObject | None:
    if question.top_logprobs is None:
        return None
    return {"content": [_logprob(word, question.top_logprobs) for word in words], "refusal": None}


def _logprob(word: str, alternatives: int) -> JsonObject:
    token: JsonObject = {"token": word, "logprob": math.log(0.5), "bytes": list(word.encode())}
    return token | {"top_logprobs": [token] * alternatives}


def _stream(answer: Answer, question: Question) -> list[Frame]:
    """The choices' deltas take turns, as they do when a vendor samples them side by side."""
    envelope = _envelope(question)
    if question.wants_usage:
        envelope["usage"] = None

    def chunk(index: int, delta: JsonObject, *, finish: str | None = None) -> Frame:
        logprobs = _logprobs([delta["content"]], question) if delta.get("content") else None
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return Frame(envelope | {"choices": [choice]}, says=_says(delta))

    columns = [
        [chunk(index, delta) for delta in _deltas(choice, question)] for index, choice in enumerate(answer.choices)
    ]
    frames = [frame for row in zip_longest(*columns) for frame in row if frame]
    frames += [chunk(index, {}, finish=_finish(choice, question)) for index, choice in enumerate(answer.choices)]
    if question.wants_usage:
        frames.append(Frame(envelope | {"choices": [], "usage": usage(answer)}))
    return [*frames, Frame("[DONE]")]


def _says(delta: JsonObject) -> bool:
    return any(value for name, value in delta.items() if name != "role")


def _deltas(choice: Choice, question: Question) -> list[JsonObject]:
    silent = choice.calls or choice.refusal
    first: JsonObject = {"role": "assistant", "content": None if silent and not choice.words else "", "refusal": None}
    deltas = [first, *({"reasoning_content": word} for word in choice.reasoning)]
    deltas += [{"content": word} for word in choice.words]
    deltas += [{"refusal": word} for word in choice.refusal]
    for index, call in enumerate(choice.calls):
        deltas += _function_deltas(call) if question.legacy_functions else _call_deltas(call, index)
    return deltas


def _function_deltas(call: ToolCall) -> list[JsonObject]:
    opening = {"function_call": {"name": call.name, "arguments": ""}}
    return [opening, *({"function_call": {"arguments": part}} for part in fragments(call.arguments))]


def _call_deltas(call: ToolCall, index: int) -> list[JsonObject]:
    opening = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    parts = [{"index": index, "function": {"arguments": part}} for part in fragments(call.arguments)]
    return [{"tool_calls": [part]} for part in [opening, *parts]]
