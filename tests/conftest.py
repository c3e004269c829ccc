"""Fixtures that tests all over the tree share: the services, and PostgreSQL databases of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from llm import wiring
from tests import databases, services
from tests.alone import pytest_runtest_protocol
from tests.browser import browser
from tests.llm.still import StillCatalog
from tests.upstream.fixtures import upstream

__all__ = ["browser", "pytest_runtest_protocol", "upstream"]

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # a slow machine is no fault of what is tested


DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "admin_client", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what uses Django's database, so that `make test` can run it on SQLite and on PostgreSQL."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def _still_catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(wiring, "Catalog", StillCatalog)
    yield
    wiring.catalog.cache_clear()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A PostgreSQL server, started when the first test asks; its user may create databases."""
    return services.postgres()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis server, started when the first test asks. Others may use it too: prefix keys, flush nothing."""
    return services.redis()


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    """The address of a new, empty database, dropped after the test."""
    with databases.empty_postgres() as url:
        yield url


@pytest.fixture
def migrated_postgres() -> Iterator[str]:
    """The address of a new database with every migration applied, dropped after the test."""
    with databases.migrated_postgres() as url:
        yield url
