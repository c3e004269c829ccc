"""The Gemini shape: `POST …/models/{name}:generateContent`, `:streamGenerateContent?alt=sse`, `:countTokens`, and
`GET …/models?pageSize=…`."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.upstream.answers import Answer, Choice, JsonObject, Question, ToolCall
from tests.upstream.received import Received
from tests.upstream.shapes.gemini_request import complaint, offered, prompt_tokens, text_of
from tests.upstream.shapes.shape import Complaint
from tests.upstream.sse import Frame

ASKED = re.compile(
    r"/(?:\w+/)*(?:models|tunedModels)/([^/?]+):(generateContent|streamGenerateContent|countTokens)(\?.*)?"
)
MODELS = ("gemini-2.5-flash", "gemini-3-flash-preview", "gemini-3.8-flash")
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
FINISH = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
CRLF = "\r\n"


@dataclass(slots=True)
class GeminiQuestion(Question):
    """`counted`: only the prompt's tokens are asked for."""

    counted: bool = False


class Gemini:
    name = "gemini"

    def hears(self, received: Received) -> bool:
        return received.method == "POST" and ASKED.fullmatch(received.path) is not None

    def question(self, received: Received) -> Question:
        asked = ASKED.fullmatch(received.path)
        assert asked is not None
        model, verb, body = unquote(asked[1]), asked[2], received.json
        if verb == "countTokens":
            body = {name: value for name, value in body["generateContentRequest"].items() if name != "model"}
        if wrong := complaint(body, demanding="signed" in model.split("+") or model.startswith("gemini-3")):
            raise Complaint(wrong)
        if verb == "streamGenerateContent" and asked[3] != "?alt=sse":
            raise Complaint("This vendor streams server-sent events alone.")
        config = body.get("generationConfig") or {}
        choice = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        users = [said for content in body["contents"] if content.get("role") != "model" and (said := text_of(content))]
        return GeminiQuestion(
            model=model,
            text=users[-1] if users else "",
            prompt_tokens=prompt_tokens(body),
            streamed=verb == "streamGenerateContent",
            choices=config.get("candidateCount") or 1,
            max_tokens=config.get("maxOutputTokens"),
            tools=offered(body, choice),
            must_call=choice.get("mode") == "ANY",
            wants_json=config.get("responseMimeType") == "application/json",
            schema=config.get("responseJsonSchema"),
            key=received.key,
            answers=any("functionResponse" in part for part in body["contents"][-1]["parts"]),
            counted=verb == "countTokens",
        )

    def render(self, answer: Answer, question: Question) -> list[Frame]:
        if isinstance(question, GeminiQuestion) and question.counted:
            return [Frame({"totalTokens": answer.prompt_tokens})]
        return _stream(answer, question) if question.streamed else [_whole(answer, question)]

    def error(self, status: int, message: str, code: str | None = None) -> Frame:
        error: JsonObject = {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}
        if code:
            info = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": info, "reason": code, "domain": "googleapis.com"}]
        return Frame({"error": error}, newline=CRLF)

    def headers(self) -> dict[str, str]:
        return {"server-timing": "gfet4t7; dur=1", "x-content-type-options": "nosniff"}

    def listing(self, received: Received) -> JsonObject | None:
        if re.fullmatch(r"/(?:\w+/)*models\?pageSize=\d+", received.path):
            return {"models": [_model(name) for name in MODELS]}
        return None


def _model(name: str) -> JsonObject:
    return {
        "name": f"models/{name}",
        "version": "001",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def usage(answer: Answer, completion_tokens: int) -> JsonObject:
    """As many of the completion's tokens as were said; thoughts come first, and are counted apart."""
    thoughts = min(answer.reasoning_tokens, completion_tokens)
    counts = {
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": completion_tokens - thoughts,
        "thoughtsTokenCount": thoughts,
        "cachedContentTokenCount": answer.cached_tokens,
        "totalTokenCount": answer.prompt_tokens + completion_tokens,
    }
    details = [{"modality": "TEXT", "tokenCount": answer.prompt_tokens}]
    return {name: count for name, count in counts.items() if count} | {"promptTokensDetails": details}


def _whole(answer: Answer, question: Question) -> Frame:
    candidates = [
        {**_said(_parts(choice)), **_end(choice), "index": index} for index, choice in enumerate(answer.choices)
    ]
    return Frame(
        {"candidates": candidates, "usageMetadata": usage(answer, answer.completion_tokens), **_envelope(question)},
        says=True,
    )


def _stream(answer: Answer, question: Question) -> list[Frame]:
    """Usage comes in every chunk, and the finish reason in one that says nothing."""
    envelope = _envelope(question)
    frames: list[Frame] = []

    def chunk(candidate: JsonObject, tokens: int, *, says: bool) -> None:
        payload = {"candidates": [candidate], "usageMetadata": usage(answer, tokens), **envelope}
        frames.append(Frame(payload, says=says, newline=CRLF))

    for index, choice in enumerate(answer.choices):
        for part in _pieces(choice):
            chunk({**_said([part]), "index": index}, min(len(frames) + 1, answer.completion_tokens), says=True)
    for index, choice in enumerate(answer.choices):
        chunk({**_said([{"text": ""}]), **_end(choice), "index": index}, answer.completion_tokens, says=False)
    return frames


def _envelope(question: Question) -> JsonObject:
    return {"modelVersion": question.model, "responseId": secrets.token_urlsafe(16)}


def _said(parts: list[JsonObject]) -> JsonObject:
    return {"content": {"parts": parts, "role": "model"}} if parts else {}


def _parts(choice: Choice) -> list[JsonObject]:
    """Of a whole answer: each kind of text in one part."""
    thought, text = "".join(choice.reasoning), "".join([*choice.words, *choice.refusal])
    parts: list[JsonObject] = [{"text": thought, "thought": True}] if thought else []
    return [*parts, *([{"text": text}] if text else []), *_calls(choice)]


def _pieces(choice: Choice) -> list[JsonObject]:
    thoughts = [{"text": word, "thought": True} for word in choice.reasoning]
    return [*thoughts, *({"text": word} for word in [*choice.words, *choice.refusal]), *_calls(choice)]


def _calls(choice: Choice) -> list[JsonObject]:
    """Calls come whole, and without ids; one whose arguments are no JSON does not come at all."""
    read = [(call, _read(call)) for call in choice.calls]
    return [{"functionCall": {"name": call.name, "args": args}} for call, args in read if args is not None]


def _end(choice: Choice) -> JsonObject:
    if any(_read(call) is None for call in choice.calls):
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call: f("}
    return {"finishReason": FINISH.get(choice.finish, choice.finish.upper())}


def _read(call: ToolCall) -> Any:
    try:
        return json.loads(call.arguments)
    except ValueError:
        return None
