"""The services of the tests: started where none is given, stopped with the run however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from config import env
from tests import services

HOLD = "import sys, tests.services as s; print(s.redis(), flush=True); sys.stdin.read()"


def test_postgres_lets_its_user_create_databases(empty_postgres: str) -> None:
    with psycopg.connect(empty_postgres) as connection:
        row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (True,)


def test_a_migrated_database_has_djangos_tables(migrated_postgres: str) -> None:
    with psycopg.connect(migrated_postgres) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)


def test_redis_answers(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.ping() is True


def test_a_given_address_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "GIVEN", {"DATABASE_URL": "postgres://given/x", "REDIS_URL": "redis://given/1"})
    assert services.postgres.__wrapped__() == "postgres://given/x"
    assert services.redis.__wrapped__() == "redis://given/1"


def test_a_missing_server_that_may_not_be_installed_names_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_installed", lambda *names: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(services.ServiceMissing, match=r"Run `.+ install .+` as an administrator, or set DATABASE_URL"):
        services._binary("initdb")


def test_a_server_stops_and_cleans_up_when_its_run_is_killed() -> None:
    ungiven = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=env.ROOT,
        env=ungiven,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        with Redis.from_url(url, decode_responses=True) as client:
            folder = Path(client.config_get("dir")["dir"])
        assert folder.is_dir()
        run.send_signal(signal.SIGKILL)
    assert services.wait_until(lambda: not services._redis_answers(url))
    assert services.wait_until(lambda: not folder.exists())
