"""One command brings everything up and takes everything down: the very processes of `make run`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.config.conftest import Start
from tests.config.test_serve import children, status
from tests.services import free_port, wait_until


class Machine:
    """Somebody's machine, on which Gatehouse is started now and then."""

    def __init__(self, start: Start, folder: Path) -> None:
        self.start, self.folder, self.port = start, folder, free_port()

    def run(self) -> tuple[subprocess.Popen[str], str]:
        """The parent, and what it printed up to the line to paste."""
        parent = self.start("-m", "config.up", PORT=str(self.port), GATEHOUSE_VAR=str(self.folder), DRAIN_SECONDS="0")
        assert parent.stdout is not None
        banner = ""
        while "curl -N" not in banner:
            line = parent.stdout.readline()
            assert line, "it ended before it was up"
            banner += line
        return parent, banner

    def ask(self) -> str:
        key = (self.folder / "demo-key").read_text().strip()
        body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "Hello there"}]})
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/api/v1/generate/", body, headers)
        return str(json.loads(connection.getresponse().read())["content"])


@pytest.fixture
def machine(start: Start, tmp_path: Path) -> Machine:
    return Machine(start, tmp_path)


def has_worker(parent: subprocess.Popen[str]) -> bool:
    """The worker begins as a small process that waits for the web process, then becomes Celery."""
    return any(b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes() and children(pid) for pid in children(parent.pid))


def test_it_comes_up_answers_lets_the_operator_in_and_goes_down(machine: Machine) -> None:
    """In one test, because it takes seconds to start."""
    parent, banner = machine.run()
    (link,) = (word for word in banner.split() if "/admin/welcome/" in word)
    assert link.startswith(f"http://127.0.0.1:{machine.port}/")
    assert machine.ask() == "Hello there"
    path = urlsplit(link).path
    assert [status(machine.port, path), status(machine.port, path)] == [302, 403]
    assert wait_until(lambda: has_worker(parent))
    family = children(parent.pid)
    parent.terminate()
    assert parent.wait(timeout=60) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in family)


def test_a_second_start_keeps_key_and_records(machine: Machine) -> None:
    keys = []
    for _ in range(2):
        parent, _ = machine.run()
        assert machine.ask() == "Hello there"
        keys.append((machine.folder / "demo-key").read_text())
        parent.terminate()
        assert parent.wait(timeout=60) == 0
    assert keys[0] == keys[1]


@pytest.mark.parametrize("victim", [0, 1], ids=["web process", "worker"])
def test_one_that_dies_takes_the_other_along(machine: Machine, victim: int) -> None:
    parent, _ = machine.run()
    assert wait_until(lambda: has_worker(parent))
    os.kill(sorted(children(parent.pid))[victim], signal.SIGKILL)
    assert parent.wait(timeout=60) == 1
    assert status(machine.port) == 0


def test_nothing_outlives_a_killed_parent(machine: Machine) -> None:
    parent, _ = machine.run()
    assert wait_until(lambda: has_worker(parent))
    family = [pid for child in children(parent.pid) for pid in (child, *children(child))]
    parent.kill()
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))
