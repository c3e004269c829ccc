"""One installation for each database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.bench.house import database
from tests.conversations.house import House, registry
from tests.serving import serving
from tests.upstream import Upstream


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Whatever these tests do to it, its log stays free of complaints."""
    folder = tmp_path_factory.mktemp("conversations")
    if request.param == "sqlite":
        yield from housed(folder)
        return
    with database() as url:
        yield from housed(folder, DATABASE_URL=url)


def housed(folder: Path, **environment: str) -> Iterator[House]:
    with Upstream() as vendor, serving(folder, **environment) as installed, httpx2.Client(timeout=20) as client:
        installed.apply(registry(vendor.base_url))
        installed.start()
        yield House(installed, vendor, client)
        assert installed.stop() == 0
        assert not re.search("Traceback|ERROR|CRITICAL", told := installed.log.read_text()), told
