"""A conversation in Gemini's words: what the system says apart, turns of two roles, results beside what users say."""

from __future__ import annotations

from llm.dialects.gemini.calls import excuse, render_call, render_result
from llm.dialects.gemini.media import render_audio, render_file, render_image
from llm.dialects.gemini.rendering import Rendering
from llm.dialects.signatures import unsign, unsigned
from llm.types import Audio, File, Image, JsonObject, Message, Part, Reasoning, Refusal, Text, ToolCall

SIGNED = (3, 0)
"""From this version on a call without a signature is refused."""


class Conversation:
    """Reads messages in order. `names` maps the id of each call so far to its function."""

    def __init__(self, rendering: Rendering) -> None:
        self.contents: list[JsonObject] = []
        self.system: list[JsonObject] = []
        self.names: dict[str, str] = {}
        self._rendering = rendering

    def add(self, message: Message, path: str) -> None:
        self._rendering.drop(message.extra, path)
        match message.role:
            case "system" | "developer":
                self.system += self._parts(message, path)
            case "assistant":
                self._turn("model", self._model(message, path))
            case "tool":
                self._turn("user", self._result(message, path))
            case _:
                self._turn("user", self._parts(message, path) or [{"text": ""}])
        if message.name is not None and message.role != "tool":
            self._rendering.dropped.append(f"{path}.name")

    def body(self) -> JsonObject:
        """There must be a turn, so that a system message alone becomes one."""
        if not self.contents:
            return {"contents": [{"role": "user", "parts": self.system or [{"text": ""}]}]}
        instruction = {"systemInstruction": {"parts": self.system}} if self.system else {}
        return {"contents": self.contents, **instruction}

    def _turn(self, role: str, parts: list[JsonObject]) -> None:
        """Turns of the same role are one: Gemini wants all results of one step together."""
        if self.contents and self.contents[-1]["role"] == role:
            self.contents[-1]["parts"] += parts
        elif parts:
            self.contents.append({"role": role, "parts": parts})

    def _model(self, message: Message, path: str) -> list[JsonObject]:
        """Signed where it was signed: calls by their ids, the text by the reasoning before it."""
        said: list[JsonObject] = []
        signature = None
        for at, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                self.names[unsigned(part.id)] = part.name
                self._rendering.drop(part.extra, f"{path}.tool_calls[{at}]")
                said.append(render_call(part))
            elif isinstance(part, Reasoning):
                said += [{"text": part.text, "thought": True}] if part.text else []
                signature = unsign(part.signature or "")[1] or signature
            else:
                said += self._part(part, f"{path}.content[{at}]")
        if signature is not None:
            _sign(said, signature)
        if self._rendering.version >= SIGNED:
            excuse(said)
        return said

    def _result(self, message: Message, path: str) -> list[JsonObject]:
        name = self.names.get(unsigned(message.tool_call_id or "")) or message.name
        beside = [part for part in message.parts if not isinstance(part, Text)]
        result = render_result(message, name, path)
        return [result, *(said for part in beside for said in self._part(part, path))]

    def _parts(self, message: Message, path: str) -> list[JsonObject]:
        return [said for at, part in enumerate(message.parts) for said in self._part(part, f"{path}.content[{at}]")]

    def _part(self, part: Part, path: str) -> list[JsonObject]:
        """Nothing for an empty text, which Gemini refuses, and for what only another dialect knows."""
        match part:
            case Text(text) | Refusal(text):
                said = [{"text": text}] if text else []
            case Image():
                said = [render_image(part, path)]
                self._rendering.dropped += [f"{path}.detail"] if part.detail else []
            case Audio():
                said = [render_audio(part)]
            case File():
                said = [render_file(part, path)]
            case _:
                self._rendering.dropped.append(path)
                return []
        self._rendering.drop(getattr(part, "extra", None), path)
        return said


def _sign(parts: list[JsonObject], signature: str) -> None:
    """It belongs to the last text that was no thought; where none was said, to an empty one."""
    for part in reversed(parts):
        if "text" in part and "thought" not in part:
            part["thoughtSignature"] = signature
            return
    parts.insert(0, {"text": "", "thoughtSignature": signature})
