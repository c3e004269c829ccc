"""Processes of a test's own, gone at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Protocol

import pytest

from config import env


class Start(Protocol):
    def __call__(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Runs python with `arguments`; standard output is a pipe, errors are the test's own."""


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=env.ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
