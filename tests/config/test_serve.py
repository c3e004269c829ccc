"""`manage.py serve`: it refuses what cannot go well, and keeps several workers behind one socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.config.conftest import Start
from tests.services import free_port, wait_until


def status(port: int, path: str = "/healthz") -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.django_db
def test_several_workers_without_redis_do_not_start() -> None:
    with pytest.raises(CommandError, match="2 workers need REDIS_URL"):
        call_command("serve", workers=2)


@pytest.mark.django_db
def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port}: Address already in use. Choose another"):
            call_command("serve", port=port)


def test_a_database_that_is_not_migrated_is_named(start: Start, tmp_path: Path) -> None:
    lonely = start("manage.py", "serve", "--port", str(free_port()), GATEHOUSE_VAR=str(tmp_path))
    assert lonely.wait(timeout=30) == 1


def test_secrets_of_another_database_are_refused(start: Start, migrated_postgres: str, tmp_path: Path) -> None:
    for var, code in (("first", 0), ("second", 1)):
        command = ["-c", "import django; django.setup(); from config import entry; entry.verify()"]
        where = {"GATEHOUSE_VAR": str(tmp_path / var), "DATABASE_URL": migrated_postgres}
        assert code == start(*command, DJANGO_SETTINGS_MODULE="config.settings", **where).wait(timeout=30)


@pytest.fixture
def workers(start: Start, migrated_postgres: str, redis_url: str) -> tuple[subprocess.Popen[str], int]:
    port = free_port()
    where = {"DATABASE_URL": migrated_postgres, "REDIS_URL": redis_url, "DRAIN_SECONDS": "0.5"}
    parent = start("manage.py", "serve", "--port", str(port), "--workers", "2", **where)
    assert wait_until(lambda: status(port) == 200)
    return parent, port


def test_workers_know_their_number_and_are_replaced_until_a_signal_stops_all(
    workers: tuple[subprocess.Popen[str], int],
) -> None:
    """In one test, because they take seconds to start."""
    parent, port = workers
    before = children(parent.pid)
    assert len(before) == 2
    for worker in before:
        assert b"--workers\x002" in Path(f"/proc/{worker}/cmdline").read_bytes()
    os.kill(min(before), signal.SIGKILL)
    assert wait_until(lambda: len(children(parent.pid) - before) == 1)
    assert status(port) == 200
    parent.terminate()
    assert parent.wait(timeout=30) == 0
    assert status(port) == 0


def test_several_workers_greet_as_one_does(start: Start, empty_postgres: str, redis_url: str, tmp_path: Path) -> None:
    where = {"DATABASE_URL": empty_postgres, "REDIS_URL": redis_url, "GATEHOUSE_VAR": str(tmp_path)}
    parent = start("manage.py", "serve", "--demo", "--port", str(free_port()), "--workers", "2", **where)
    assert parent.stdout is not None
    assert any("curl -N" in line for line in parent.stdout)


def test_workers_end_with_a_killed_parent(workers: tuple[subprocess.Popen[str], int]) -> None:
    parent, port = workers
    parent.kill()
    assert wait_until(lambda: status(port) == 0)
