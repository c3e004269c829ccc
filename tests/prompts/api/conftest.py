"""One installation for the folder, on PostgreSQL, in two processes as in production."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from tests.databases import migrated_postgres
from tests.prompts.api.house import House, registry
from tests.serving import serving
from tests.upstream import Upstream

_names = count(1)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Whatever these tests do to it, its log stays free of complaints."""
    with (
        Upstream() as vendor,
        migrated_postgres() as url,
        serving(tmp_path_factory.mktemp("prompts"), DATABASE_URL=url) as installed,
        httpx2.Client(timeout=20) as client,
    ):
        installed.apply(registry(vendor.base_url))
        installed.start()
        yield House(installed, vendor, client)
        assert installed.stop() == 0
        assert not re.search("Traceback|ERROR|CRITICAL", told := installed.log.read_text()), told


@pytest.fixture
def name() -> str:
    """Of a prompt that no other test writes."""
    return f"greeting-{next(_names)}"
