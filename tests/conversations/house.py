"""A gateway in a process of its own, asked for conversations; the vendor behind it."""

from __future__ import annotations

import copy
import json
import socket
from dataclasses import dataclass
from typing import Any

import httpx2

from llm.vault import new_key
from tests.llm.surfaces.house import frames
from tests.services import free_port
from tests.serving import Serving
from tests.upstream import Upstream

CONVERSATIONS = "/api/v1/conversations/"
NAMES = ("main", "colleague", "foreign", "forgetful", "unscoped", "limited", "browser", "editor")
KEYS = {name: new_key() for name in NAMES}
ORIGIN = "https://app.example"
MODELS = ("gpt-4o-mini", "cut", "cut+after-3", "status-503", "gate", "gate-first", "stall-mid", "tool", "reasoning")


def registry(base_url: str) -> dict[str, Any]:
    def route(name: str) -> dict[str, Any]:
        return {"provider": "fake", "upstream_model": name, "input_price": "0.15", "output_price": "0.60"}

    def key(name: str, organisation: str = "acme", **more: Any) -> dict[str, Any]:
        return {"name": name, "organisation": organisation, "key": KEYS[name], **more}

    return {
        "providers": [{"name": "fake", "kind": "openai", "base_url": base_url, "api_key": "sk-fake", "retries": 0}],
        "models": [
            *({"name": name, "routes": [route(name)]} for name in MODELS),
            {"name": "narrow", "context_window": 200, "max_output_tokens": 50, "routes": [route("gpt-4o-mini")]},
        ],
        "organisations": [{"name": "acme"}, {"name": "globex"}, {"name": "oblivion", "keeps_bodies": False}],
        "keys": [
            key("main"),
            key("editor", scopes=["prompts.write"]),
            key("colleague"),
            key("foreign", "globex"),
            key("forgetful", "oblivion"),
            key("unscoped", scopes=["usage"]),
            key("limited", requests_per_minute=1),
            key("browser", origins=[ORIGIN]),
        ],
    }


@dataclass(slots=True)
class House:
    serving: Serving
    vendor: Upstream
    client: httpx2.Client

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "main", **more: Any) -> httpx2.Response:
        if body is not None:
            more["json"] = body
        headers = {"authorization": f"Bearer {KEYS[key]}", **more.pop("headers", {})}
        return self.client.request(method, f"{self.serving.url}{path}", headers=headers, **more)

    def bring(self, name: str, version: dict[str, Any]) -> None:
        """A prompt whose label draft means this version."""
        prompt = {"name": name, "versions": [{"version": 1, **version}], "labels": {"draft": {"version": 1}}}
        made = self.ask("POST", "/api/v1/prompts/import/", {"prompts": [prompt]}, key="editor")
        assert made.status_code == 200, made.text

    def opened(self, *, key: str = "main", model: str | None = "gpt-4o-mini", **said: Any) -> str:
        """The address of a new conversation."""
        made = self.ask("POST", CONVERSATIONS, {"model": model, **said}, key=key)
        assert made.status_code == 201, made.text
        return f"{CONVERSATIONS}{made.json()['id']}/"

    def say(self, conversation: str, content: Any, *, key: str = "main", **more: Any) -> httpx2.Response:
        return self.ask("POST", f"{conversation}messages/", {"content": content, **more}, key=key)

    def messages(self, conversation: str, *, key: str = "main") -> list[dict[str, Any]]:
        answer = self.ask("GET", f"{conversation}messages/?limit=1000", key=key)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    def told(self, conversation: str) -> list[tuple[str, str, str]]:
        """Role, words and status of each message."""
        return [(row["role"], row["content"], row["status"]) for row in self.messages(conversation)]

    def heard(self, conversation: str, message: str, *, key: str = "main") -> list[tuple[str, Any]]:
        """The events that an EventSource gets."""
        answer = self.ask("GET", f"{conversation}stream?message={message}", key=key)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        return frames(answer.text)

    def token(self, user: str) -> str:
        made = self.ask("POST", "/api/v1/client-tokens/", {"user_id": user})
        assert made.status_code == 201, made.text
        return str(made.json()["token"])

    def stream(self, conversation: str, credential: str) -> str:
        """The address of the newest answer for an EventSource."""
        message = self.messages(conversation)[-1]["id"]
        return f"{self.serving.url}{conversation}stream?message={message}&token={credential}"

    def sent(self) -> list[dict[str, Any]]:
        """The messages of the vendor's last request."""
        messages: list[dict[str, Any]] = self.vendor.requests[-1].json["messages"]
        return messages

    def dial(self, method: str, path: str, body: Any = None) -> socket.socket:
        """A socket on which a request was sent."""
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEYS['main']}\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        )
        line = socket.create_connection(("127.0.0.1", self.serving.port), timeout=10)
        line.sendall(head.encode() + data)
        return line

    def beside(self) -> House:
        """Another process of the same installation; whoever asks for it stops it."""
        second = copy.copy(self.serving)
        second.port = free_port()
        second.url, second.log = f"http://127.0.0.1:{second.port}", second.folder / f"beside-{second.port}.log"
        second.start()
        return House(second, self.vendor, self.client)
