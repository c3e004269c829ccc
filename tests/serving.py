"""A gateway in a process of its own, set up and served as an operator would, for tests on real sockets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg.rows import dict_row

from config import env
from llm.vault import new_key
from tests import databases
from tests.services import free_port

START_SECONDS = 120.0


class Serving:
    """One installation: a var folder, a database, a registry, a key, and the process that serves it.

    `environment` is what an operator would set: DATABASE_URL and REDIS_URL, say.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "GATEHOUSE_VAR": str(folder),
            "ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
            "DRAIN_SECONDS": "0",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.log = folder / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._migrate()

    def _migrate(self) -> None:
        """By a copy of what was migrated before, unless the database is one that we did not make."""
        url = self.environment.get("DATABASE_URL")
        if not url:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(databases.migrated_sqlite(), self.folder)
        elif not databases.is_migrated(url):
            self.manage("migrate", "--verbosity=0")

    def manage(self, *arguments: str, stdin: str | None = None) -> str:
        """What a management command prints; raises with its complaint where it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=env.ROOT, input=stdin, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def register(self, base_url: str, models: Iterable[str], **provider: Any) -> str:
        """One provider `fake` at `base_url`, and for each name a public model that is called the same there.

        Returns the key of the organisation `acme`.
        """
        key = new_key()
        registry = {
            "providers": [{"name": "fake", "kind": "openai", "base_url": base_url, "api_key": "sk-fake", **provider}],
            "models": [
                {
                    "name": name,
                    "routes": [
                        {
                            "provider": "fake",
                            "upstream_model": name,
                            "input_price": "0.15",
                            "output_price": "0.60",
                            "cached_price": "0.075",
                        }
                    ],
                }
                for name in models
            ],
            "organisations": [{"name": "acme"}],
            "keys": [{"name": "tests", "organisation": "acme", "key": key}],
        }
        self.apply(registry)
        return key

    def apply(self, registry: dict[str, Any]) -> None:
        self.manage("apply_registry", "-", stdin=yaml.safe_dump(registry))

    def create_key(self, name: str = "tests") -> str:
        made = json.loads(self.manage("create_key", name, "--organisation", "acme", "--json"))
        return str(made["key"])

    def start(self, *command: str) -> None:
        """Serve with `manage.py serve`, or with another command of `python -m`; returns when it answers."""
        arguments = ["-m", *command] if command else ["manage.py", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], env=self.environment, cwd=env.ROOT, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"The gateway did not start: {self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        """It listens before it has begun to serve: what comes earlier waits."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=1)) as probe, suppress(OSError, HTTPException):
            probe.request("GET", "/healthz")
            return probe.getresponse().status == 200
        return False

    def stop(self, sig: int = signal.SIGTERM, timeout: float = 60.0) -> int:
        """End the process; its exit code."""
        assert self.process is not None
        self.process.send_signal(sig)
        return self.process.wait(timeout)

    def rows(self, table: str = "analytics_requestlog") -> list[dict[str, Any]]:
        """The rows of a table, oldest first, as the database has them."""
        url = self.environment.get("DATABASE_URL")
        if url:
            with psycopg.connect(url, row_factory=dict_row) as connection:
                return connection.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall()
        with closing(sqlite3.connect(self.folder / "gatehouse.sqlite3")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]

    def change(self, statement: str) -> None:
        """The database behind the gateway's back."""
        url = self.environment.get("DATABASE_URL")
        with closing(psycopg.connect(url) if url else sqlite3.connect(self.folder / "gatehouse.sqlite3")) as connection:
            connection.execute(statement)
            connection.commit()


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Serving]:
    """An installation that is stopped with the block."""
    installed = Serving(folder, **environment)
    try:
        yield installed
    finally:
        if installed.process is not None and installed.process.poll() is None:
            installed.stop()
