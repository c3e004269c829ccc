"""A PostgreSQL server that a test may freeze, stop and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.services import _account, _binary, free_port, wait_until

QUICK = ("fsync=off", "full_page_writes=off")
"""What is committed outlives a killed server, though not a machine without power."""


class OwnPostgres:
    """On a port and in a folder of its own, under an account without rights where we are root."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self._folder = Path(tempfile.mkdtemp(prefix="gatehouse-own-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        account = _account()
        if account is not None:
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        initdb = [_binary("initdb"), "-D", str(self._folder / "data"), *options]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **_as(account))

    def start(self) -> None:
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *QUICK)
        command = [_binary("postgres"), "-D", str(self._folder / "data"), "-p", str(self.port)]
        command += [word for setting in settings for word in ("-c", setting)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet, **_as(_account()))
        assert wait_until(self._answers)

    def freeze(self) -> None:
        """The server and every process that serves a connection: sockets stay open and nobody answers."""
        self._send(signal.SIGSTOP, self._pids())

    def thaw(self) -> None:
        self._send(signal.SIGCONT, self._pids())

    def stop(self) -> None:
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """The server and every process that serves a connection, without a word."""
        assert self._process is not None
        self._send(signal.SIGKILL, reversed(self._pids()))
        self._process.wait()
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, number: signal.Signals, pids: Iterable[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):  # what serves a connection ends with it
                os.kill(pid, number)

    def _pids(self) -> list[int]:
        assert self._process is not None
        parent = self._process.pid
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
        )
        return [parent, *(int(pid) for pid in listed.stdout.split())]

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=1):
                return True
        except psycopg.OperationalError:
            return False


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}
