"""One installation for each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conversations.house import House, registry
from tests.databases import migrated_postgres
from tests.serving import serving
from tests.upstream import Upstream


@pytest.fixture(scope="package")
def sqlite_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield from housed(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="package")
def postgres_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with migrated_postgres() as url:
        yield from housed(tmp_path_factory.mktemp("postgres"), DATABASE_URL=url)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    """Both stay until the folder is done, though each module changes between them."""
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found


def housed(folder: Path, **environment: str) -> Iterator[House]:
    """Whatever these tests do to it, its log stays free of complaints."""
    with Upstream() as vendor, serving(folder, **environment) as installed, httpx2.Client(timeout=20) as client:
        installed.apply(registry(vendor.base_url))
        installed.start()
        yield House(installed, vendor, client)
        assert installed.stop() == 0
        assert not re.search("Traceback|ERROR|CRITICAL", told := installed.log.read_text()), told
