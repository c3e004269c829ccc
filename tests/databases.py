"""Databases of a test's own, gone after it; those with our tables are copies of one that was migrated before."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from config import env
from tests import services


@contextmanager
def empty_postgres(template: str = "template1") -> Iterator[str]:
    """The address of a new database on the server of the tests."""
    server, name = services.postgres(), f"gatehouse_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def migrated_postgres() -> Iterator[str]:
    """As `empty_postgres`, with every migration applied."""
    with empty_postgres(_postgres_template()) as url:
        yield url


@cache
def _postgres_template() -> str:
    stack = ExitStack()
    url = stack.enter_context(empty_postgres())
    atexit.register(stack.close)  # after the server's own end was: what is registered last is done first
    _migrate(DATABASE_URL=url)
    return urlsplit(url).path.lstrip("/")


@cache
def migrated_sqlite() -> Path:
    """A file to copy: it has the tables, and is not sealed with anybody's secrets yet."""
    folder = tempfile.TemporaryDirectory(prefix="gatehouse-template-")
    atexit.register(folder.cleanup)
    _migrate(DATABASE_URL="", GATEHOUSE_VAR=folder.name)
    return Path(folder.name, "gatehouse.sqlite3")


def _migrate(**environment: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, check=True, cwd=env.ROOT, env={**os.environ, **environment})


def is_migrated(url: str) -> bool:
    """Whether a PostgreSQL database has Django's tables."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
    return row == (True,)
