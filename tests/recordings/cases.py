"""The recorded exchanges, read from the folder that `RECORDINGS` names."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENDPOINTS = ("openai.chat", "anthropic.messages", "gemini.generate")
"""Wire formats that a provider of ours speaks; a recording of any other is left alone."""

OWN_KINDS = frozenset({"openai", "groq", "openrouter", "deepseek", "mistral", "cohere", "ollama"})
"""Vendors of the first of them that have a kind of their own."""

HOP_BY_HOP = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})


@dataclass(slots=True, frozen=True)
class Case:
    """One exchange. `expected` is the answer in OpenAI's terms, worked out from the response alone."""

    id: str
    endpoint: str
    vendor: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: bytes
    is_sse: bool
    is_stream: bool
    expected: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind of provider that speaks to this vendor."""
        match self.endpoint:
            case "anthropic.messages":
                return "anthropic"
            case "gemini.generate":
                return "google"
            case _:
                return self.vendor if self.vendor in OWN_KINDS else "compatible"


def folder() -> Path | None:
    return Path(named) if (named := os.environ.get("RECORDINGS")) else None


def load() -> list[Case]:
    """Every case of the endpoints we speak; none where no recordings are named."""
    found = folder()
    if found is None:
        return []
    lines = (found / "cases.jsonl").read_text().splitlines()
    return [_case(told) for line in lines if (told := json.loads(line))["endpoint"] in ENDPOINTS]


def _case(told: dict[str, Any]) -> Case:
    response = told["response"]
    return Case(
        id=told["id"],
        endpoint=told["endpoint"],
        vendor=told["provider"],
        request=told["request"]["body"],
        status=response["status"],
        headers={name: value for name, value in response["headers"].items() if name.lower() not in HOP_BY_HOP},
        body=_body(response),
        is_sse=response["is_sse"],
        is_stream=response["is_stream"],
        expected=told["expected"],
    )


def _body(response: dict[str, Any]) -> bytes:
    if packed := response.get("body_b64"):
        return base64.b64decode(packed)
    return str(response.get("body") or "").encode()
