"""Clients of the socket that read a byte a second: little is kept for them, and after a minute they are cut off."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from llm.surfaces.responses import DEAF
from tests.bench.__main__ import resident_megabytes
from tests.bench.load import Aim
from tests.bench.sockets import handshake, masked
from tests.llm.surfaces.wire import read_until
from tests.serving import Serving, serving
from tests.upstream import Upstream

READERS = 20
MODEL = "huge-16mb"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.mark.prove
def test_a_reader_of_a_byte_a_second_is_cut_off_and_its_call_with_it(tmp_path: Path, upstream: Upstream) -> None:
    with serving(tmp_path / "var") as gateway, ExitStack() as stack:
        key = gateway.register(upstream.base_url, [MODEL], retries=0)
        gateway.start()
        assert gateway.process is not None
        prompt(gateway, key).close()
        upstream.wait_for(lambda: upstream.aborts == 1)
        before = resident_megabytes(gateway.process.pid)
        until = time.monotonic() + DEAF - 2
        lines = [stack.enter_context(prompt(gateway, key)) for _ in range(READERS)]
        most = 0.0
        while time.monotonic() < until:
            for line in lines:
                line.recv(1)
            most = max(most, resident_megabytes(gateway.process.pid) - before)
            time.sleep(1)
        assert upstream.aborts == 1
        print(f"{most * 1024 / READERS:.0f} KB for each reader, with its call and its vendor's connection")
        upstream.wait_for(lambda: upstream.aborts == 1 + READERS, 15)
        assert most * 1024 / READERS < 2_048
        wait_for_rows(gateway)


def prompt(gateway: Serving, key: str) -> socket.socket:
    """A socket over which the long answer has begun to come."""
    line = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    line.sendall(handshake(Aim(gateway.url, key)))
    read_until(line, b"ready")
    asked = {
        "type": "generate",
        "id": "c1",
        "request": {"model": MODEL, "messages": [{"role": "user", "content": "?"}]},
    }
    line.sendall(masked(json.dumps(asked).encode()))
    read_until(line, b"chunk")
    return line


def wait_for_rows(gateway: Serving) -> None:
    deadline = time.monotonic() + 10
    while len(rows := gateway.rows()) <= READERS:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {(row["status"], row["surface"]) for row in rows} == {("cancelled", "websocket")}
