"""A gateway in a process of its own that is asked for prompts; the vendor behind it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

import httpx2

from llm.vault import new_key
from tests.services import free_port
from tests.serving import Serving
from tests.upstream import Upstream

PROMPTS = "/api/v1/prompts/"
WRITES = ["generate", "requests", "usage", "prompts.read", "prompts.write"]
KEYS = {name: new_key() for name in ("publisher", "keeper", "writer", "reader", "foreign", "blind")}
MODEL = "gpt-4o-mini"
GREETING: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be {{ mood }}."},
        {"role": "user", "content": "Greet {{ customer }}."},
    ],
    "variables": [
        {"name": "customer", "type": "string", "max_length": 20},
        {"name": "mood", "type": "enum", "choices": ["terse", "kind"], "default": "terse"},
    ],
    "model": MODEL,
    "options": {"temperature": 0.25},
}


def registry(base_url: str) -> dict[str, Any]:
    def key(name: str, *scopes: str, organisation: str = "acme") -> dict[str, Any]:
        return {"name": name, "organisation": organisation, "key": KEYS[name], "scopes": [*WRITES[:3], *scopes]}

    route = {"provider": "fake", "upstream_model": MODEL, "input_price": "0.15", "output_price": "0.60"}
    return {
        "providers": [{"name": "fake", "kind": "openai", "base_url": base_url, "api_key": "sk-fake", "retries": 0}],
        "models": [{"name": MODEL, "routes": [route], "capabilities": ["streaming", "vision"]}],
        "organisations": [{"name": "acme"}, {"name": "globex"}],
        "keys": [
            key("publisher", "prompts.read", "prompts.write", "prompts.publish"),
            key("keeper", "prompts.read", "prompts.write", "prompts.secure"),
            key("writer", "prompts.read", "prompts.write"),
            key("reader", "prompts.read"),
            key("foreign", "prompts.read", "prompts.write", "prompts.publish", organisation="globex"),
            key("blind"),
        ],
    }


@dataclass(slots=True)
class House:
    serving: Serving
    vendor: Upstream
    client: httpx2.Client

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "publisher", **more: Any) -> httpx2.Response:
        if body is not None:
            more["json"] = body
        headers = {"authorization": f"Bearer {KEYS[key]}"}
        return self.client.request(method, f"{self.serving.url}{path}", headers=headers, **more)

    def prompt(self, name: str, *versions: dict[str, Any], key: str = "publisher") -> str:
        """The address of a new prompt with these versions, by default a greeting; the last one is in production."""
        made = self.ask("POST", PROMPTS, {"name": name}, key=key)
        assert made.status_code == 201, made.text
        for said in versions or (GREETING,):
            saved = self.ask("POST", f"{PROMPTS}{name}/versions/", said, key=key)
            assert saved.status_code == 201, saved.text
        moved = self.publish(name, len(versions) or 1, key=key)
        assert moved.status_code == 200, moved.text
        return f"{PROMPTS}{name}/"

    def publish(self, name: str, version: int, *, key: str = "publisher") -> httpx2.Response:
        body = {"version": version, "reason": "because"}
        return self.ask("PUT", f"{PROMPTS}{name}/labels/production/", body, key=key)

    def generate(self, name: str, *, key: str = "publisher", **prompt: Any) -> httpx2.Response:
        return self.ask("POST", "/api/v1/generate/", {"prompt": {"name": name, **prompt}}, key=key)

    @contextmanager
    def beside(self) -> Iterator[Self]:
        """The same installation, served by another process."""
        second = copy.copy(self.serving)
        second.port = free_port()
        second.url, second.log = f"http://127.0.0.1:{second.port}", second.folder / "beside.log"
        second.start()
        try:
            yield replace(self, serving=second)
        finally:
            second.stop()

    def asked(self) -> list[Any]:
        """The bodies of what the vendor was asked."""
        return [request.json for request in self.vendor.requests]

    def record(self, answer: httpx2.Response) -> dict[str, Any]:
        found = self.ask("GET", f"/api/v1/requests/{answer.headers['x-request-id']}/")
        assert found.status_code == 200, found.text
        row: dict[str, Any] = found.json()
        return row
