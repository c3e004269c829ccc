"""What a stranger may see: every address, asked in every way without credentials, through the real application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from channels.routing import URLRouter
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, include, path, resolve
from django.urls.resolvers import RegexPattern, RoutePattern
from pytest_django import Settings

from analytics.recorder import JournalRecorder
from config import asgi, urls
from llm.watch import Watch

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
OPEN = {"/healthz", "/readyz", "/admin/login/"}
"""All that the contract opens but `/static/`, which is no route."""
STRANGER, NEIGHBOUR = "203.0.113.7", "127.0.0.1"
SAMPLES = {
    "int": "1",
    "path": "x/y",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "slug": "x",
    "str": "x",
    None: "x",
}


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")

    @property
    def refuses(self) -> bool:
        """Or sends to the login. A preflight tells a browser what it may ask, and nothing else."""
        to_login = self.headers.get("location", "").startswith(("/admin/login/", "/admin/"))
        return (
            self.status in (401, 403, 405)
            or (self.status == 302 and to_login)
            or (self.status == 204 and not self.body)
        )


@pytest.fixture(autouse=True)
def _recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/readyz` looks at the recorder, here at one that was never started, and at what is watched, here nothing."""
    recorder = JournalRecorder(tmp_path)
    monkeypatch.setattr("llm.surfaces.health.recorder", lambda: recorder)
    monkeypatch.setattr("llm.surfaces.health.watch", lambda: Watch({}))


async def ask(address: str, method: str = "GET", *, peer: str = STRANGER) -> Answer:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": (peer, 5000),
        "server": ("127.0.0.1", 8000),
    }
    waiting = iter([{"type": "http.request", "body": b"{}", "more_body": False}])

    async def receive() -> Any:
        return next(waiting, None) or await asyncio.Event().wait()

    answer = Answer()
    await asgi.application(scope, receive, answer.take)
    return answer


def addresses(patterns: Iterable[Any], prefix: str = "/") -> Iterator[str]:
    """One address for every route, that leads to it and to no other."""
    for entry in patterns:
        address = prefix + sample(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, address)
        else:
            assert isinstance(entry, URLPattern)
            assert resolve(address).func is entry.callback, f"{address} does not lead to {entry}"
            yield address


def sample(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1]], str(pattern))
    assert isinstance(pattern, RegexPattern)
    return re.sub(r"\(\?P<\w+>(\w*).*?\)", lambda found: found[1] or "x", str(pattern)).strip("^$")


async def opened(peer: str = STRANGER) -> set[str]:
    """The addresses that do anything but refuse."""
    found = set()
    for address in addresses(get_resolver().url_patterns):
        for method in METHODS:
            answer = await ask(address, method, peer=peer)
            assert 0 < answer.status < 500, f"{method} {address}: {answer.status}"
            if not answer.refuses:
                found.add(address)
    return found


async def test_a_stranger_finds_open_what_the_contract_opens_and_nothing_else() -> None:
    assert await opened() == OPEN


async def test_whoever_runs_on_this_machine_may_read_the_metrics_too() -> None:
    assert await opened(NEIGHBOUR) == OPEN | {"/metrics"}


@pytest.mark.parametrize(
    "address", ["/api/v1/generate/", "/v1/chat/completions", "/v1/models", "/api/docs/", "/metrics"]
)
async def test_a_refusal_names_the_credentials_it_wants(address: str) -> None:
    answer = await ask(address, "POST" if address in asgi.LEAN else "GET")

    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_the_walk_meets_every_kind_of_route() -> None:
    walked = set(addresses(get_resolver().url_patterns))

    assert walked >= asgi.LEAN
    assert {"/admin/", "/admin/llm/", "/admin/llm/provider/x/y/change/", "/admin/x", "/api/v1/requests/x/"} <= walked
    assert len(walked) > 60


def leak(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("Whoever asks is told.")


urlpatterns = [*urls.urlpatterns, path("inner/", include([path("leak/<slug:name>", leak)]))]


async def test_a_new_open_route_would_be_found(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__

    assert await opened() == OPEN | {"/inner/leak/x"}


async def test_a_new_open_route_of_the_lean_handler_would_be_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(asgi, "LEAN", asgi.LEAN | {"/inner/leak/x"})

    assert await opened() == OPEN | {"/inner/leak/x"}


@pytest.mark.parametrize(
    "address",
    ["/", "/api/", "/v1/", "/api/v1/prompt/", "/.env", "/static", "/healthz/", "//healthz", "/healthz/../v1/models"],
)
async def test_an_address_that_is_none_tells_nothing(address: str) -> None:
    assert (await ask(address)).status in (301, 404)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")  # WhiteNoise reads files as it does
async def test_static_files_are_open_and_nothing_beside_them() -> None:
    assert (await ask("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css")).status == 200
    for address in ("/static/", "/static/../manage.py", "/static/..%2fmanage.py", "/static//etc/passwd"):
        assert (await ask(address)).status == 404


async def knock(address: str, *messages: Any, headers: Any = (), **scope: Any) -> list[Any]:
    """What a stranger hears who opens a socket, says these messages and waits."""
    waiting = iter([{"type": "websocket.connect"}, *messages])
    heard: list[Any] = []

    async def receive() -> Any:
        return next(waiting, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        heard.append(message)

    whole = {"type": "websocket", "path": address, "headers": headers, "subprotocols": [], **scope}
    await asgi.application(whole, receive, send)
    return heard


def sockets() -> list[str]:
    """One address for every WebSocket route but the last, which takes whatever leads nowhere."""
    *routes, last = asgi.SOCKETS
    assert last.callback is asgi.nowhere
    return ["/" + sample(route.pattern) for route in routes]


def is_open(heard: list[Any]) -> bool:
    """Whether a stranger got anything but the reason why not, and a close that says so."""
    *said, closed = heard
    refusals = [message for message in said if message["type"] == "websocket.send"]
    return closed.get("code") not in (4401, 4408) or any('"type":"error"' not in one["text"] for one in refusals)


EAGER = ('{"type": "generate", "id": "c1", "request": {}}', '{"type": "ping"}', '{"type": "authenticate"}', "?")


@pytest.mark.parametrize("address", sockets())
async def test_a_socket_does_nothing_for_a_stranger(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.surfaces.websocket.AUTHENTICATE_SECONDS", 0.01)
    assert not is_open(await knock(address))
    for text in EAGER:
        assert not is_open(await knock(address, {"type": "websocket.receive", "text": text}))


@pytest.mark.parametrize("address", ["/", "/api/v1/generate/", "/admin/", "/ws/v1/generate", "/ws/v1/generate/x"])
async def test_a_socket_to_nowhere_never_opens(address: str) -> None:
    assert await knock(address) == [{"type": "websocket.close"}]


async def greets(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})
    await send({"type": "websocket.close", "code": 1000})


async def test_a_new_open_socket_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking: Any = greets
    monkeypatch.setattr(asgi, "SOCKETS", [path("ws/<int:number>/", leaking), *asgi.SOCKETS])
    monkeypatch.setattr(asgi, "application", URLRouter(asgi.SOCKETS))

    assert sockets()[0] == "/ws/1/"
    assert is_open(await knock("/ws/1/"))
