"""Fixtures that tests all over the tree share: the services, and PostgreSQL databases of a test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from config import env
from tests import services
from tests.browser import browser
from tests.upstream.fixtures import upstream

__all__ = ["browser", "upstream"]


DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "admin_client", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what uses Django's database, so that `make test` can run it on SQLite and on PostgreSQL."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A PostgreSQL server, started when the first test asks; its user may create databases."""
    return services.postgres()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis server, started when the first test asks. Others may use it too: prefix keys, flush nothing."""
    return services.redis()


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """The address of a new, empty database, dropped after the test."""
    yield from _database(postgres_url)


@pytest.fixture
def migrated_postgres(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """The address of a new database with every migration applied, dropped after the test."""
    yield from _database(postgres_url, template=migrated_template)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database to copy; migrated once, in a process of its own."""
    for url in _database(postgres_url):
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, check=True, cwd=env.ROOT, env={**os.environ, "DATABASE_URL": url})
        yield urlsplit(url).path.lstrip("/")


def _database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"gatehouse_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
