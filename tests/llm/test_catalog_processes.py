"""What one process changes another one sees, and a store that is frozen hangs none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from config import env
from tests.llm.own_postgres import OwnPostgres
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Process:
    """The other end of `catalog_process`."""

    popen: subprocess.Popen[str]

    def ask(self, command: str, argument: str = "") -> tuple[Any, float]:
        """The answer, and the seconds that it took over there."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{command} {argument}\n")
        self.popen.stdin.flush()
        return self.read()

    def read(self) -> tuple[Any, float]:
        assert self.popen.stdout is not None
        said = json.loads(self.popen.stdout.readline())
        return said["answer"], said["seconds"]

    def end(self) -> int:
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        return self.popen.wait(timeout=10)


Start = Callable[[str], Process]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(url: str) -> Process:
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "tests.llm.catalog_process"]
        started.append(subprocess.Popen(command, cwd=env.ROOT, env=environment, **pipes))
        return Process(started[-1])

    yield run
    for popen in started:
        with popen:
            popen.kill()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnPostgres]:
    server = OwnPostgres()
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/db.sqlite3"


@pytest.fixture(scope="module")
def postgres_url(own_postgres: OwnPostgres) -> str:
    return own_postgres.url


@pytest.fixture(scope="module", params=["sqlite_url", "postgres_url"])
def processes(request: pytest.FixtureRequest, start: Start) -> tuple[Process, Process]:
    """One that changes the registry and one that has it in memory."""
    url = str(request.getfixturevalue(request.param))
    here, there = start(url), start(url)
    here.ask("migrate")
    there.ask("models")
    return here, there


class TestAnotherProcess:
    def test_a_key_made_elsewhere_works_at_once(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        secret, _ = here.ask("create_key", "new")
        assert there.ask("lookup", secret)[0] == "new"

    def test_what_is_changed_elsewhere_is_seen_within_five_seconds(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        secret, _ = here.ask("create_key", "doomed")
        assert there.ask("lookup", secret)[0] == "doomed"
        here.ask("disable_key", "doomed")
        here.ask("add_model", "seen-in-time")
        assert wait_until(lambda: there.ask("known", secret)[0] is None, 5)
        assert wait_until(lambda: "seen-in-time" in there.ask("models")[0], 1)

    def test_an_unknown_model_is_looked_for_at_once(self, processes: tuple[Process, Process]) -> None:
        here, there = processes
        here.ask("add_model", "brand-new")
        assert "brand-new" in there.ask("fresh_models")[0]


@pytest.fixture(scope="module")
def keys(own_postgres: OwnPostgres, start: Start) -> list[str]:
    """Secrets of the keys frontend, other and third."""
    here = start(own_postgres.url)
    here.ask("migrate")
    secrets = [here.ask("create_key", name)[0] for name in ("frontend", "other", "third")]
    here.end()
    return secrets


@pytest.fixture(scope="module")
def process(own_postgres: OwnPostgres, keys: list[str], start: Start) -> Process:
    process = start(own_postgres.url)
    assert process.ask("lookup", keys[0])[0] == "frontend"
    return process


class TestFrozenPostgres:
    @pytest.mark.alone
    def test_a_frozen_store_hangs_nobody_and_is_forgotten_when_it_thaws(
        self, own_postgres: OwnPostgres, process: Process, keys: list[str]
    ) -> None:
        """Known keys go on at once, unknown ones are told so within two seconds, however many, in no more threads."""
        quiet = process.ask("storm", "5")[0]["threads"]
        own_postgres.freeze()
        try:
            answer, seconds = process.ask("lookup", keys[1])
            assert answer == "unavailable"
            assert seconds < 2.5
            answer, seconds = process.ask("storm", "2000")
            assert answer == {"unavailable": 2000, "none": 0, "threads": quiet}
            assert seconds < 2.5
            answer, seconds = process.ask("known", keys[0])
            assert (answer, seconds < 0.01) == ("frontend", True)
            assert process.ask("fresh_models")[1] < 2.5
            assert process.ask("reachable")[0] is False
        finally:
            own_postgres.thaw()
        assert wait_until(lambda: process.ask("lookup", keys[1])[0] == "other", 5)

    def test_a_stopped_store_that_comes_back_is_used_again(
        self, own_postgres: OwnPostgres, process: Process, keys: list[str]
    ) -> None:
        own_postgres.stop()
        assert process.ask("lookup", keys[2])[0] == "unavailable"
        assert process.ask("known", keys[0])[0] == "frontend"
        own_postgres.start()
        assert wait_until(lambda: process.ask("lookup", keys[2])[0] == "third", 15)

    def test_a_process_leaves_a_frozen_store_behind_when_it_ends(
        self, own_postgres: OwnPostgres, process: Process
    ) -> None:
        own_postgres.freeze()
        try:
            process.ask("lookup", "gh_unknown")
            assert process.end() == 0
        finally:
            own_postgres.thaw()
