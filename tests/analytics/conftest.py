"""Books to read in tests: the tables of a migrated SQLite file and of a migrated PostgreSQL, each empty."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dj_database_url
import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests import databases


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The alias of a database; a test that asks for it runs once on each."""
    url = request.getfixturevalue("migrated_sqlite" if request.param == "sqlite" else "migrated_postgres")
    with django_db_blocker.unblock(), connected("books", url):
        yield "books"


@pytest.fixture
def migrated_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(databases.migrated_sqlite(), tmp_path / 'books.sqlite3')}"


@contextmanager
def connected(alias: str, url: str) -> Iterator[None]:
    connections.settings[alias] = {**connections.settings["default"], "OPTIONS": {}, **dj_database_url.parse(url)}
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
