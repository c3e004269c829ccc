"""A vendor on a real socket that answers with what was recorded: the model's name is the case's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.recordings.cases import Case

PIECE = 97
"""Bytes of one write of a stream: pieces that keep to no border of a line, an event or a letter."""
IN_PATH = re.compile(r"/models/([^/:?]+)")


@contextmanager
def replaying(cases: Iterable[Case]) -> Iterator[str]:
    """The address of the vendor, which ends with the block."""

    class Replay(_Replay):
        known = {case.id: case for case in cases}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Replay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    known: dict[str, Case] = {}

    def do_POST(self) -> None:  # http.server's own name
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        case = self.known[self._name(body)]
        self.send_response(case.status)
        for name, value in case.headers.items():
            self.send_header(name, value)
        if case.is_sse:
            self._stream(case.body)
        else:
            self.send_header("content-length", str(len(case.body)))
            self.end_headers()
            self.wfile.write(case.body)

    def log_message(self, format: str, *args: object) -> None:  # http.server's own name
        """Silent."""

    def _name(self, body: bytes) -> str:
        """Vendors of most dialects are told the model in the body, Google in the path."""
        found = IN_PATH.search(self.path)
        return found[1] if found else str(json.loads(body)["model"])

    def _stream(self, body: bytes) -> None:
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
