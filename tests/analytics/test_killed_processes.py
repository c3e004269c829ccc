"""Real processes, really killed: whatever a provider heard of has one row, whoever recovers it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from analytics.models import RequestLog
from analytics.recorder.journal import homes
from config import env

RECORDING = [sys.executable, "-m", "tests.analytics.recording_process"]


class Host:
    """A machine whose processes share a journal folder and a database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.journal = folder / "journal"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "GATEHOUSE_VAR": str(folder),
            "JOURNAL_DIR": str(self.journal),
        }

    def run(self, task: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [*RECORDING, task]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=env.ROOT, env=self.environment)

    def record_and_kill(self, processes: int) -> Counter[tuple[str, UUID]]:
        """What they said until they were killed, each at a moment of its own."""
        said: Counter[tuple[str, UUID]] = Counter()
        running = [self.run("record") for _ in range(processes)]
        for process in running:
            assert process.stdout is not None
            said += spoken(process.stdout.readline())
        for process in running:
            time.sleep(random.uniform(0.2, 0.5))
            process.send_signal(signal.SIGKILL)
        for process in running:
            said += spoken(process.communicate()[0])
        return said

    def recover(self, processes: int) -> Counter[UUID]:
        """Which rows were recovered, by processes that begin at the same moment."""
        with ExitStack() as stack:
            running = [stack.enter_context(self.run("recover")) for _ in range(processes)]
            for process in running:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("ready")
            for process in running:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            heard = [spoken(process.communicate(timeout=60)[0]) for process in running]
        return Counter(identity for one in heard for word, identity in one.elements() if word == "recovered")


def spoken(lines: str) -> Counter[tuple[str, UUID]]:
    return Counter((word, UUID(identity)) for word, identity in map(str.split, lines.splitlines()))


@pytest.fixture
def host(books: str, request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    kind = "postgres" if connections[books].vendor == "postgresql" else "sqlite"
    return Host(tmp_path, request.getfixturevalue(f"migrated_{kind}"))


def test_every_departed_call_has_one_row_after_kills_and_one_recovery(host: Host, books: str) -> None:
    said = host.record_and_kill(processes=2)
    departed = {identity for word, identity in said if word == "departed"}
    answered = {identity for word, identity in said if word == "answered"}
    assert len(answered) > 20
    assert len(homes(host.journal)) == 2
    before = set(RequestLog.objects.using(books).values_list("id", flat=True))

    recovered = host.recover(processes=3)

    statuses = dict(RequestLog.objects.using(books).values_list("id", "status"))
    assert departed <= statuses.keys()
    assert {statuses[identity] for identity in answered} == {"ok"}
    assert set(statuses.values()) == {"ok", "interrupted"}
    assert set(recovered) == statuses.keys() - before
    assert set(recovered.values()) == {1}
    assert homes(host.journal) == []
    costs = RequestLog.objects.using(books).filter(status="interrupted").values_list("cost", flat=True)
    assert set(costs) == {5}
