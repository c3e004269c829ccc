"""How other vendors of this shape differ from OpenAI: what they refuse, and in what words. The first part of the path
names them: `/groq/v1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.upstream.answers import JsonObject
from tests.upstream.shapes.shape import Complaint

Explain = Callable[[str, str], JsonObject]


def _openais(path: str, why: str) -> JsonObject:
    return {"error": {"message": f"'{path}': {why}", "type": "invalid_request_error", "param": path, "code": None}}


def _mistrals(path: str, why: str) -> JsonObject:
    detail = {"type": "extra_forbidden", "loc": ["body", *path.split(".")], "msg": why}
    return {"object": "error", "message": {"detail": [detail]}, "type": "invalid_request_error", "code": None}


def _coheres(path: str, why: str) -> JsonObject:
    return {"id": "0a1b2c3d", "message": f"{path}: {why}"}


@dataclass(slots=True, frozen=True)
class Accent:
    """`taken` are all fields the vendor knows, where it refuses the others; `refused` are single ones it refuses."""

    explain: Explain = _openais
    status: int = 400
    taken: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    unknown_in_messages: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset({"system", "user", "assistant", "tool"})
    formats: frozenset[str] = frozenset({"text", "json_object", "json_schema"})
    strings_only: bool = False
    call_id_length: int | None = None
    reasoning_with_calls: bool = False
    open_models: bool = False
    """Anyone may list the models: that proves no key."""
    gives_usage: bool = False
    """Streams end with the usage, asked for or not."""

    def check(self, body: JsonObject) -> None:
        """Raises Complaint, in this vendor's words, at the first thing it does not take."""
        for path, why in (*self._wrong_fields(body), *self._wrong_messages(body["messages"])):
            raise Complaint(why, self.status, self.explain(path, why))

    def _wrong_fields(self, body: JsonObject) -> Iterator[tuple[str, str]]:
        for name in body:
            if name in self.refused or (self.taken is not None and name not in self.taken):
                yield name, "this field is not supported"
        if body.get("response_format", {}).get("type", "text") not in self.formats:
            yield "response_format.type", "this response_format type is unavailable now"

    def _wrong_messages(self, messages: list[JsonObject]) -> Iterator[tuple[str, str]]:
        for at, message in enumerate(messages):
            path = f"messages.{at}"
            if message["role"] not in self.roles:
                yield f"{path}.role", f"unknown variant {message['role']}"
            for name in self.unknown_in_messages & message.keys():
                if name != "name" or message["role"] != "tool":
                    yield f"{path}.{name}", "this field is not supported"
            if self.strings_only and isinstance(message.get("content"), list):
                yield f"{path}.content", "invalid type: sequence, expected a string"
            yield from self._wrong_calls(message, path)

    def _wrong_calls(self, message: JsonObject, path: str) -> Iterator[tuple[str, str]]:
        ids = [call["id"] for call in message.get("tool_calls") or []]
        if message["role"] == "tool":
            ids.append(message["tool_call_id"])
        if self.call_id_length and any(len(name) != self.call_id_length or not name.isalnum() for name in ids):
            yield f"{path}.tool_calls", "an id must be nine letters and digits"
        if self.reasoning_with_calls and message["role"] == "assistant":
            thought = "reasoning_content" in message
            if thought != bool(message.get("tool_calls")):
                yield f"{path}.reasoning_content", "wanted where there are tool calls, and nowhere else"


SHARED = frozenset(
    {
        *("model", "messages", "max_tokens", "temperature", "top_p", "stop", "stream", "tools", "tool_choice"),
        *("response_format", "frequency_penalty", "presence_penalty", "reasoning_effort"),
    }
)

ACCENTS: dict[str, Accent] = {
    "groq": Accent(
        refused=frozenset({"logit_bias", "logprobs", "top_logprobs", "n", "top_k"}),
        unknown_in_messages=frozenset({"name", "reasoning_content"}),
    ),
    "openrouter": Accent(open_models=True),
    "cohere": Accent(
        explain=_coheres,
        status=422,
        taken=SHARED | {"seed"},
        gives_usage=True,
        unknown_in_messages=frozenset({"name", "reasoning_content"}),
    ),
    "deepseek": Accent(formats=frozenset({"text", "json_object"}), strings_only=True, reasoning_with_calls=True),
    "mistral": Accent(
        explain=_mistrals,
        status=422,
        taken=SHARED | {"random_seed", "n", "parallel_tool_calls", "safe_prompt", "prompt_mode"},
        unknown_in_messages=frozenset({"name", "reasoning_content"}),
        call_id_length=9,
        gives_usage=True,
    ),
    "ollama": Accent(),
}


def accent_of(path: str) -> Accent | None:
    return ACCENTS.get(path.split("/")[1])


def check_accent(path: str, body: Any) -> None:
    """Raises Complaint."""
    if accent := accent_of(path):
        accent.check(body)


def gives_usage(path: str) -> bool:
    accent = accent_of(path)
    return accent is not None and accent.gives_usage
