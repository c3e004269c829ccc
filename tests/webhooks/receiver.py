"""A receiver of webhooks on a real socket, which checks signatures by the published algorithm, written anew here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """As the specification has it: any of the signatures may be the right one."""
        signed = b".".join([self.name.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        key = base64.b64decode(secret.split("whsec_", 1)[1])
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        versions = [one.split(",", 1) for one in self.headers["webhook-signature"].split(" ")]
        return ["v1", right] in versions


@dataclass
class Receiver:
    """Answers `status` (or what `statuses` still holds), with `location` and `words`, once `gate` is open."""

    port: int
    status: int = 204
    statuses: list[int] = field(default_factory=list)
    location: str = ""
    words: bytes = b""
    heard: list[Heard] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def take(self, heard: Heard) -> int:
        self.heard.append(heard)
        return self.statuses.pop(0) if self.statuses else self.status


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: receiver))
    receiver = Receiver(server.server_address[1])
    receiver.gate.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receiver: Callable[[], Receiver]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told = receiver()
            status = told.take(Heard(self.path, dict(self.headers.items()), body))
            told.gate.wait()
            self.send_response(status)
            if told.location:
                self.send_header("location", told.location)
            self.send_header("content-length", str(len(told.words)))
            self.end_headers()
            self.wfile.write(told.words)

        def do_GET(self) -> None:
            """Where a redirect would be followed by a GET."""
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            return None

    return Handler
