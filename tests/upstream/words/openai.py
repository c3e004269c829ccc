"""Words for the liberties that vendors take with the OpenAI shape."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator

from tests.upstream.answers import JsonObject
from tests.upstream.scene import Scene
from tests.upstream.shapes.openai import usage
from tests.upstream.sse import Frame
from tests.upstream.vocabulary import word


def _objects(scene: Scene) -> Iterator[JsonObject]:
    for frame in scene.frames:
        if isinstance(frame.payload, dict):
            frame.payload = copy.deepcopy(frame.payload)
            yield frame.payload


def _messages(scene: Scene) -> Iterator[JsonObject]:
    """Every delta of a stream, or every message of a plain answer."""
    for payload in _objects(scene):
        for choice in payload.get("choices", []):
            yield choice["delta"] if "delta" in choice else choice["message"]


def _choice(frame: Frame) -> JsonObject:
    """The one choice of a stream's chunk, or the first of a plain answer; empty where there is none."""
    choices = frame.payload.get("choices") if isinstance(frame.payload, dict) else None
    return choices[0] if choices else {}


def _finishes(frame: Frame) -> bool:
    return bool(_choice(frame).get("finish_reason"))


def _without_usage_chunk(scene: Scene) -> list[Frame]:
    return [frame for frame in scene.frames if isinstance(frame.payload, str) or frame.payload.get("choices") != []]


@word("usage-every", "frames")
def usage_every(scene: Scene) -> None:
    """Usage in every chunk, growing, asked for or not; the last one counts."""
    total, said = usage(scene.answer), 0
    for frame, payload in zip(scene.frames, _objects(scene), strict=False):
        said += frame.says
        done = not frame.says and said > 0
        tokens = total["completion_tokens"] if done else min(said, total["completion_tokens"])
        payload["usage"] = total | {"completion_tokens": tokens, "total_tokens": total["prompt_tokens"] + tokens}


@word("usage-finish", "frames")
def usage_finish(scene: Scene) -> None:
    """Usage in the chunk with the finish reason, asked for or not, and in no chunk of its own."""
    scene.frames = _without_usage_chunk(scene)
    for frame in scene.frames:
        if _finishes(frame):
            frame.payload = frame.payload | {"usage": usage(scene.answer)}


@word("usage-none", "frames")
def usage_none(scene: Scene) -> None:
    """No usage, even if asked for."""
    scene.frames = _without_usage_chunk(scene)
    for payload in _objects(scene):
        payload.pop("usage", None)


@word("finish-twice", "frames")
def finish_twice(scene: Scene) -> None:
    """The chunk with the finish reason comes twice."""
    scene.frames = [copy.copy(f) for frame in scene.frames for f in ([frame, frame] if _finishes(frame) else [frame])]


@word("finish-with-word", "frames")
def finish_with_word(scene: Scene) -> None:
    """The finish reason comes in the last word's chunk, not in one of its own."""
    last = {_choice(frame).get("index"): _choice(frame) for frame in scene.frames if frame.says}
    for end in [frame for frame in scene.frames if _finishes(frame) and not frame.says]:
        choice = _choice(end)
        if choice["index"] in last:
            last[choice["index"]]["finish_reason"] = choice["finish_reason"]
            scene.frames.remove(end)


@word("no-done", "frames")
def no_done(scene: Scene) -> None:
    """The stream ends without `[DONE]`."""
    scene.frames = [frame for frame in scene.frames if frame.payload != "[DONE]"]


@word("no-index", "frames")
def no_index(scene: Scene) -> None:
    """Tool-call deltas lack their `index`."""
    for message in _messages(scene):
        for call in message.get("tool_calls", []):
            call.pop("index", None)


@word("same-index", "frames")
def same_index(scene: Scene) -> None:
    """The deltas of all tool calls have the index 0; only their ids tell them apart. With `tools-{n}`."""
    for message in _messages(scene):
        for call in message.get("tool_calls", []):
            if "index" in call:
                call["index"] = 0


@word("no-role", "frames")
def no_role(scene: Scene) -> None:
    """No delta and no message has a `role`."""
    for message in _messages(scene):
        message.pop("role", None)


@word("parts", "frames")
def parts(scene: Scene) -> None:
    """Content is a list of parts."""
    for message in _messages(scene):
        if isinstance(message.get("content"), str):
            message["content"] = [{"type": "text", "text": message["content"]}]


@word("reasoning-field", "frames")
def reasoning_field(scene: Scene) -> None:
    """Reasoning under the name `reasoning` instead of `reasoning_content`; with the word `reasoning`."""
    for message in _messages(scene):
        if "reasoning_content" in message:
            message["reasoning"] = message.pop("reasoning_content")


@word("no-message", "frames")
def no_message(scene: Scene) -> None:
    """Choices without a `message` or `delta`, as Azure's content filter sends them."""
    for payload in _objects(scene):
        for choice in payload.get("choices", []):
            choice.pop("delta", None)
            choice.pop("message", None)


@word("changing-ids", "frames")
def changing_ids(scene: Scene) -> None:
    """Every chunk has an id of its own."""
    for payload in _objects(scene):
        payload["id"] = f"chatcmpl-{secrets.token_hex(12)}"


@word("dated", "frames")
def dated(scene: Scene) -> None:
    """The answer names the model with its date: `<model>-2024-07-18`."""
    for payload in _objects(scene):
        payload["model"] = f"{scene.question.model}-2024-07-18"


@word("empty-choices", "frames")
def empty_choices(scene: Scene) -> None:
    """`choices: []` in a 200: no answer. In a stream the only chunk before `[DONE]`."""
    envelope = next(_objects(scene), {})
    scene.frames = [Frame(envelope | {"choices": []}), *([Frame("[DONE]")] if scene.question.streamed else [])]


@word("only-done", "frames")
def only_done(scene: Scene) -> None:
    """A stream of nothing but `[DONE]`. Plain: `null`."""
    scene.frames = [Frame("[DONE]")] if scene.question.streamed else [Frame("null")]
