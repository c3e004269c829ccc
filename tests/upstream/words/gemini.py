"""Words for what Gemini alone does."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.upstream.answers import JsonObject
from tests.upstream.scene import Scene
from tests.upstream.shapes.gemini import CRLF
from tests.upstream.shapes.gemini_request import signature
from tests.upstream.sse import Frame
from tests.upstream.vocabulary import word


def _payloads(scene: Scene) -> Iterator[JsonObject]:
    return (frame.payload for frame in scene.frames if isinstance(frame.payload, dict))


def _candidates(scene: Scene) -> list[JsonObject]:
    return [candidate for payload in _payloads(scene) for candidate in payload.get("candidates", [])]


def _parts(scene: Scene) -> list[JsonObject]:
    """Every part of the first candidate, in order."""
    first = [candidate for candidate in _candidates(scene) if not candidate["index"]]
    return [part for candidate in first for part in candidate.get("content", {}).get("parts", [])]


@word("signed", "frames")
def signed(scene: Scene) -> None:
    """Gemini: the first call and the end of the text are signed. What comes back is checked: a false signature is a
    400, and so is, here and for any model `gemini-3…`, a call of the current turn without one."""
    parts = _parts(scene)
    if call := next((part for part in parts if "functionCall" in part), None):
        call["thoughtSignature"] = signature(call["functionCall"])
    texts = [part for part in parts if "text" in part and "thought" not in part]
    if said := "".join(part["text"] for part in texts):
        texts[-1]["thoughtSignature"] = signature(said)


@word("blocked-{text}", "frames")
def blocked(scene: Scene, text: str) -> None:
    """Gemini: the prompt is blocked for that reason, and no candidate made: `blocked-SAFETY`."""
    prompt = {"promptTokenCount": scene.answer.prompt_tokens, "totalTokenCount": scene.answer.prompt_tokens}
    scene.frames = [Frame({"promptFeedback": {"blockReason": text}, "usageMetadata": prompt}, newline=CRLF)]


@word("no-candidates", "frames")
def no_candidates(scene: Scene) -> None:
    """Gemini: neither a candidate nor the reason for that: no answer."""
    scene.frames = [Frame({"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}, newline=CRLF)]


@word("no-parts", "frames")
def no_parts(scene: Scene) -> None:
    """Gemini: candidates without content, as the real ones are whose thoughts used up the bound."""
    for candidate in _candidates(scene):
        candidate.pop("content", None)


@word("code", "frames")
def code(scene: Scene) -> None:
    """Gemini: before the first word it runs code, and tells where it read."""
    ran = [{"executableCode": {"language": "PYTHON", "code": "1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}]
    for candidate in _candidates(scene)[:1]:
        candidate.setdefault("content", {"role": "model", "parts": []})["parts"][:0] = ran
        candidate["groundingMetadata"] = {"webSearchQueries": ["one"]}


@word("tool-use-{n}", "frames")
def tool_use(scene: Scene, n: int) -> None:
    """Gemini: the vendor's own tools brought `n` more tokens into the prompt."""
    for payload in _payloads(scene):
        if counts := payload.get("usageMetadata"):
            counts |= {"toolUsePromptTokenCount": n, "totalTokenCount": counts["totalTokenCount"] + n}


@word("uncounted", "frames")
def uncounted(scene: Scene) -> None:
    """Gemini: no usage at all."""
    for payload in _payloads(scene):
        payload.pop("usageMetadata", None)


@word("bad-key", "reply")
def bad_key(scene: Scene) -> None:
    """Gemini: a key that it does not know, which it calls a bad request: 400 with the reason `API_KEY_INVALID`."""
    error = scene.shape.error(400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
    scene.reply.status = 400
    scene.reply.body(error.text().encode(), "application/json")


@word("retry-info-{time}", "reply")
def retry_info(scene: Scene, time: float) -> None:
    """Gemini: 429, and how long to wait is told inside the error, in no header."""
    error = scene.shape.error(429, "You exceeded your current quota.").payload
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{time}s"}
    error["error"]["details"] = [info]
    scene.reply.status = 429
    scene.reply.body(json.dumps(error).encode(), "application/json")


@word("in-a-list", "reply")
def in_a_list(scene: Scene) -> None:
    """Gemini: all comes as one JSON list, the way streams are written without `alt=sse`: the chunks, or the error."""
    chunks = ",".join(frame.text() for frame in scene.frames).encode()
    said = chunks if scene.reply.status == 200 else b"".join(piece.data for piece in scene.reply.pieces)
    scene.reply.body(b"[%b]" % said, "application/json")
