"""One installation for the whole folder, on PostgreSQL as in production."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import httpx2
import pytest

from tests.databases import migrated_postgres
from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import registry
from tests.llm.surfaces.sdk import SIDES, Sdk, sdk_with
from tests.services import free_port
from tests.serving import Serving, serving
from tests.upstream import Upstream


@pytest.fixture(scope="package")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Iterator[Serving]:
    """Its circuits open by a vendor's word alone: the same failure is asked for again and again here."""
    settings = {"CIRCUIT_FAILURES": "1000000"}
    with (
        migrated_postgres() as url,
        serving(tmp_path_factory.mktemp("house"), DATABASE_URL=url, **settings) as installed,
    ):
        installed.apply(registry(vendor.base_url))
        yield installed


@pytest.fixture(scope="package")
def house(installation: Serving, vendor: Upstream) -> Iterator[House]:
    """Whatever these tests do to it, its log stays free of complaints."""
    installation.start()
    with httpx2.Client(timeout=20) as client:
        yield House(installation, vendor, client)
    assert installation.stop() == 0
    assert not re.search("Traceback|ERROR|CRITICAL", told := installation.log.read_text()), told


@pytest.fixture(scope="package")
def daphne_house(house: House) -> Iterator[House]:
    """The same installation, served by daphne beside it."""
    second = copy.copy(house.serving)
    second.port = free_port()
    second.url, second.log = f"http://127.0.0.1:{second.port}", second.folder / "daphne.log"
    second.start("daphne", "-p", str(second.port), "config.asgi:application")
    yield House(second, house.vendor, house.client)
    second.stop()


@pytest.fixture(params=["serve", "daphne"])
def served(request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue("house" if request.param == "serve" else "daphne_house")
    return found


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sdk(house: House, side: str) -> Sdk:
    return sdk_with("main", house, side)
