"""A Celery worker in a process of its own, started as an operator would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import env
from tests.services import wait_until
from tests.serving import Serving

WORK = ("celery", "--app", "config.celery", "--quiet", "worker", "--concurrency", "2", "--loglevel", "WARNING")


@dataclass(slots=True)
class Worker:
    process: subprocess.Popen[bytes]
    log: Path

    def children(self) -> list[int]:
        """Its processes, that do the work."""
        told = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in told.split()]

    def kill(self) -> None:
        """All of it at once, as a machine that loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Its exit code; one that does not end is killed, and the test fails."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def working(installed: Serving, **environment: str) -> Iterator[Worker]:
    """For the installation, in its environment and this; stopped with the block."""
    log = installed.folder / "worker.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *WORK],
            env={**installed.environment, **environment},
            cwd=env.ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    worker = Worker(process, log)
    try:
        assert wait_until(lambda: process.poll() is not None or len(worker.children()) >= 2)
        yield worker
    finally:
        if process.poll() is None:
            worker.stop()
