"""The long proofs: a vendor in a process of its own, and a gateway that may be killed beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env
from tests.llm.own_postgres import OwnPostgres
from tests.services import free_port
from tests.serving import Serving

MODELS = ("gpt-4o-mini", "slow-first-100ms", "words-20+gap-20ms", "status-500", "cut")


class Vendor:
    """The fake vendor, with a log of every id it was asked with."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "vendor.log"
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        command = [sys.executable, "-m", "tests.upstream", "--port", str(self.port), "--log", str(self.log)]
        self.process = subprocess.Popen(command, cwd=env.ROOT)

    def served(self) -> list[str]:
        return [line for line in self.log.read_text().split() if line != "-"]


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    running = Vendor(tmp_path)
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(10)


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    server = OwnPostgres()
    server.start()
    yield server
    server.remove()


def furnish(serving: Serving, vendor: Vendor) -> str:
    """The registry and a key; returns the key."""
    return serving.register(vendor.base_url, MODELS, retries=1, retry_delay=0.05)


def wait_until(holds: object, seconds: float) -> None:
    """Asks again and again; what is waited for happens in other processes, which have clocks of their own."""
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]  # any callable will do
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
