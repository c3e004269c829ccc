"""The Anthropic messages shape: `POST …/messages`, plain and streamed, `…/messages/count_tokens`, `GET …/models`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.upstream.answers import Answer, Choice, JsonObject, Question, Tool, fragments, split_words
from tests.upstream.received import Received
from tests.upstream.shapes.anthropic_request import blocks_of, complaint, prompt_tokens, text_of
from tests.upstream.shapes.shape import Complaint
from tests.upstream.sse import Frame

MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5")
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
SIGNATURE = "c2lnbmVkIGJ5IHRoZSBmYWtl"
TOO_LONG = "prompt is too long: 200001 tokens > 200000 maximum"


class Anthropic:
    name = "anthropic"

    def hears(self, received: Received) -> bool:
        return received.method == "POST" and _path(received).endswith(("/messages", "/messages/count_tokens"))

    def question(self, received: Received) -> Question:
        body, counts = received.json, _path(received).endswith("/count_tokens")
        wrong = complaint(body, received.headers, counts=counts)
        if wrong:
            raise Complaint(wrong)
        choice = body.get("tool_choice") or {}
        form = (body.get("output_config") or {}).get("format") or {}
        said = [text_of(message["content"]) for message in body["messages"] if message["role"] == "user"]
        return Question(
            model=body["model"],
            text=next((text for text in reversed(said) if text), ""),
            prompt_tokens=prompt_tokens(body),
            streamed=bool(body.get("stream")),
            wants_usage=True,
            max_tokens=body.get("max_tokens"),
            tools=_offered(body.get("tools") or [], choice.get("name")),
            must_call=choice.get("type") in ("any", "tool"),
            wants_json=form.get("type") == "json_schema",
            schema=form.get("schema"),
            key=received.key,
            counts=counts,
            answers=any(block["type"] == "tool_result" for block in blocks_of(body["messages"][-1]["content"])),
        )

    def render(self, answer: Answer, question: Question) -> list[Frame]:
        if question.counts:
            return [Frame({"input_tokens": question.prompt_tokens}, says=True)]
        return _stream(answer, question) if question.streamed else [_whole(answer, question)]

    def error(self, status: int, message: str, code: str | None = None) -> Frame:
        usual = "api_error" if status >= 500 else "invalid_request_error"
        message = TOO_LONG if code == "context_length_exceeded" else message
        error = {"type": ERRORS.get(status, usual), "message": message}
        return Frame({"type": "error", "error": error, "request_id": _request_id()}, event="error")

    def headers(self) -> dict[str, str]:
        reset = (datetime.now(UTC) + timedelta(seconds=30)).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "request-id": _request_id(),
            "anthropic-organization-id": "00000000-0000-0000-0000-000000000000",
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
            "anthropic-ratelimit-requests-reset": reset,
        }

    def listing(self, received: Received) -> JsonObject | None:
        if "anthropic-version" not in received.headers:
            return None
        if _path(received).endswith("/models"):
            listed = [_model(name) for name in MODELS]
            return {"data": listed, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        name = _path(received).rpartition("/models/")[2]
        return _model(name) if name in MODELS else None


def _path(received: Received) -> str:
    return received.path.partition("?")[0]


def _request_id() -> str:
    return f"req_{secrets.token_hex(12)}"


def _offered(tools: list[JsonObject], named: str | None) -> list[Tool]:
    offered = [Tool(tool["name"], tool["input_schema"]) for tool in tools if "input_schema" in tool]
    return [tool for tool in offered if named in (None, tool.name)]


def _model(name: str) -> JsonObject:
    return {"type": "model", "id": name, "display_name": name.title(), "created_at": "2026-01-01T00:00:00Z"}


def usage(answer: Answer) -> JsonObject:
    written = answer.written_tokens + answer.hour_tokens
    return {
        "input_tokens": answer.prompt_tokens - answer.cached_tokens,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": answer.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": answer.written_tokens,
            "ephemeral_1h_input_tokens": answer.hour_tokens,
        },
        "output_tokens": answer.completion_tokens,
        "output_tokens_details": {"thinking_tokens": answer.reasoning_tokens},
        "service_tier": "standard",
    }


def _message(question: Question) -> JsonObject:
    message = {"id": f"msg_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": question.model}
    return message | {"content": [], **_end(None)}


def _end(choice: Choice | None) -> JsonObject:
    """How a message ended; of one that has not, three times nothing."""
    if choice is None:
        return {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    reason, details = STOPS.get(choice.finish, choice.finish), None
    if choice.refusal:
        reason = "refusal"
        details = {"type": "refusal", "category": None, "explanation": "".join(choice.refusal)}
    return {"stop_reason": reason, "stop_sequence": choice.stopped_at, "stop_details": details}


def _whole(answer: Answer, question: Question) -> Frame:
    choice = answer.choices[0]
    said = {"content": _blocks(choice), **_end(choice), "usage": usage(answer)}
    return Frame(_message(question) | said, says=True)


def _blocks(choice: Choice) -> list[JsonObject]:
    blocks: list[JsonObject] = []
    if choice.reasoning:
        blocks.append({"type": "thinking", "thinking": "".join(choice.reasoning), "signature": SIGNATURE})
    blocks += choice.blocks
    if choice.words:
        cited = {"citations": choice.citations} if choice.citations else {}
        blocks.append({"type": "text", "text": "".join(choice.words), **cited})
    for call in choice.calls:
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.parsed})
    return blocks


def _stream(answer: Answer, question: Question) -> list[Frame]:
    choice, counted = answer.choices[0], usage(answer)
    begun = _message(question) | {"usage": counted | {"output_tokens": 1}}
    frames = [_frame("message_start", message=begun)]
    calls = iter(choice.calls)
    for index, block in enumerate(_blocks(choice)):
        arguments = next(calls).arguments if block["type"] == "tool_use" else None
        frames += _streamed(index, block, choice, arguments)
    frames.append(_frame("message_delta", delta=_end(choice), usage=counted))
    return [*frames, _frame("message_stop")]


def _streamed(index: int, block: JsonObject, choice: Choice, arguments: str | None) -> list[Frame]:
    empty, deltas = _pieces(block, choice, arguments)
    frames = [_frame("content_block_start", index=index, content_block=block | empty)]
    frames += [_frame("content_block_delta", says=True, index=index, delta=delta) for delta in deltas]
    return [*frames, _frame("content_block_stop", index=index)]


def _pieces(block: JsonObject, choice: Choice, arguments: str | None) -> tuple[JsonObject, list[JsonObject]]:
    """What of a block is left empty at its start, and the deltas that fill it."""
    match block["type"]:
        case "text":
            deltas: list[JsonObject] = [{"type": "text_delta", "text": word} for word in choice.words]
            deltas += [{"type": "citations_delta", "citation": citation} for citation in choice.citations]
            return {"text": "", **({"citations": []} if choice.citations else {})}, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": word} for word in split_words(block["thinking"])]
            return {"thinking": "", "signature": ""}, [*deltas, {"type": "signature_delta", "signature": SIGNATURE}]
        case "tool_use" | "server_tool_use":
            pieces = fragments(arguments if arguments is not None else _json(block["input"]))
            return {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
        case _:
            return {}, []


def _json(value: Any) -> str:
    return Frame(value).text()


def _frame(kind: str, *, says: bool = False, **fields: Any) -> Frame:
    return Frame({"type": kind, **fields}, says=says, event=kind)
