"""The web process: what it says of itself, and how it ends. Real processes, sockets and signals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection, IncompleteRead
from typing import Any

import pytest

from tests.config.conftest import Start
from tests.services import free_port, wait_until

RUN = (
    "from config import server; server.run(server.listen('127.0.0.1', {port}), 'tests.config.application:application')"
)

Serve = Callable[..., "Served"]


class Served:
    """A server under test on a free port, up and answering."""

    def __init__(self, start: Start, **environment: str) -> None:
        self.port = free_port()
        self.process = start("-c", RUN.format(port=self.port), DJANGO_SETTINGS_MODULE="config.settings", **environment)
        assert wait_until(self.is_open)
        self.state()

    def is_open(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def is_stopping(self) -> bool:
        return not self.is_open() or bool(self.state()["draining"])

    def state(self, **headers: str) -> dict[str, Any]:
        with self.get("/", **headers) as answer:
            state: dict[str, Any] = json.loads(answer.read())
        return state

    def get(self, path: str, **headers: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 20) -> tuple[int, list[str]]:
        """The exit code, and what was said."""
        said, _ = self.process.communicate(timeout=timeout)
        return self.process.returncode, said.split()


@pytest.fixture
def serve(start: Start) -> Serve:
    def run(**environment: str) -> Served:
        return Served(start, **{"DRAIN_SECONDS": "0", "GRACE_SECONDS": "10", **environment})

    return run


def test_an_answer_does_not_name_its_server(serve: Serve) -> None:
    with serve().get("/") as answer:
        assert answer.headers["server"] is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(serve: Serve, number: signal.Signals) -> None:
    server = serve()
    server.stop(number)
    assert server.end() == (0, ["opened", "closed"])


def test_it_drains_before_it_closes(serve: Serve) -> None:
    """New connections are still answered, so that a proxy which looks at /readyz can turn away first."""
    server = serve(DRAIN_SECONDS="1.5")
    assert server.state()["draining"] is False
    server.stop()
    assert wait_until(lambda: bool(server.state()["draining"]), seconds=1)
    assert wait_until(lambda: not server.is_open(), seconds=5)
    assert server.end()[0] == 0


def test_a_stream_that_has_begun_ends_whole(serve: Serve) -> None:
    server = serve()
    with server.get("/stream?20") as answer:
        assert answer.read(5) == b"word "
        server.stop()
        assert answer.read().startswith(b"word " * 19 + b"{")
    assert server.end() == (0, ["opened", "closed"])


def test_a_stream_beyond_the_grace_time_is_cut_before_the_parts_close(serve: Serve) -> None:
    server = serve(GRACE_SECONDS="0.5")
    with server.get("/stream?1000") as answer:
        assert answer.read(5) == b"word "
        server.stop()
        with pytest.raises(IncompleteRead):
            answer.read()
    assert server.end() == (0, ["opened", "cut", "closed"])


@pytest.mark.parametrize("drain", ["0", "60"])
def test_a_second_signal_hurries(serve: Serve, drain: str) -> None:
    server = serve(DRAIN_SECONDS=drain, GRACE_SECONDS="60")
    with server.get("/stream?1000") as answer:
        assert answer.read(5) == b"word "
        server.stop()
        assert wait_until(server.is_stopping)
        server.stop()
        assert server.end(timeout=10) == (0, ["opened", "cut", "closed"])


def test_a_part_that_cannot_start_stops_the_process_with_a_code_of_its_own(start: Start) -> None:
    port = free_port()
    broken = start("-c", RUN.format(port=port), DJANGO_SETTINGS_MODULE="config.settings", BROKEN="1")
    assert broken.communicate(timeout=20)[0] == ""
    assert broken.returncode == 3


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nx-long: %s", b"GET /%s"], ids=["header", "path"])
def test_a_head_without_end_is_refused(serve: Serve, head: bytes) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head % (b"a" * 70_000))
        assert client.recv(12) == b"HTTP/1.1 400"


def test_a_long_body_is_no_long_head(serve: Serve) -> None:
    server = serve()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/", body=b"a" * 300_000)
        assert connection.getresponse().read().startswith(b"{")
    connection.close()


@pytest.mark.parametrize(("trusted", "client"), [("", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.9")])
def test_only_a_trusted_proxy_says_who_the_client_is(serve: Serve, trusted: str, client: str) -> None:
    assert client == serve(TRUSTED_PROXIES=trusted).state(x_forwarded_for="203.0.113.9")["client"]


def test_sockets_are_not_compressed(serve: Serve) -> None:
    """A deflate window costs memory for each connection and latency for each chunk."""
    handshake = (
        "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", serve().port), timeout=10) as client:
        client.sendall(handshake.encode())
        answer = client.recv(4096).lower()
    assert answer.startswith(b"http/1.1 101")
    assert b"deflate" not in answer


def test_it_runs_on_the_fast_loop(start: Start) -> None:
    probe = "from config import server; print(server.configure('x').get_loop_factory().__module__)"
    process: subprocess.Popen[str] = start("-c", probe, DJANGO_SETTINGS_MODULE="config.settings")
    assert process.communicate(timeout=20)[0].startswith("uvloop")
