"""One installation for each database, served by two processes that share nothing but that database."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import migrated_postgres
from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import registry
from tests.services import free_port
from tests.serving import Serving, serving
from tests.upstream import Upstream

MODELS = (
    "claude",
    "cut",
    "gate",
    "gate-first",
    "gpt-4o-mini",
    "slow-first-200ms",
    "stall-mid",
    "status-400",
    "status-500",
    "words-2000+gap-5ms",
)


@dataclass(slots=True)
class Doors:
    """Two ways into one installation."""

    first: House
    second: House

    @property
    def both(self) -> tuple[House, House]:
        return self.first, self.second

    @property
    def vendor(self) -> Upstream:
        return self.first.vendor


@pytest.fixture(scope="package")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="package")
def sqlite_doors(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Iterator[Doors]:
    yield from opened(tmp_path_factory.mktemp("sqlite"), vendor)


@pytest.fixture(scope="package")
def postgres_doors(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Iterator[Doors]:
    with migrated_postgres() as url:
        yield from opened(tmp_path_factory.mktemp("postgres"), vendor, DATABASE_URL=url)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def doors(request: pytest.FixtureRequest) -> Doors:
    found: Doors = request.getfixturevalue(f"{request.param}_doors")
    return found


def opened(folder: Path, vendor: Upstream, **environment: str) -> Iterator[Doors]:
    """Whatever these tests do to them, their logs stay free of complaints."""
    with serving(folder, **environment) as installed, httpx2.Client(timeout=30) as client:
        installed.apply(furniture(vendor))
        other = beside(installed)
        installed.start()
        other.start()
        yield Doors(House(installed, vendor, client), House(other, vendor, client))
        for one in (installed, other):
            assert one.stop() == 0
            assert not re.search("Traceback|ERROR|CRITICAL", told := one.log.read_text()), told


def furniture(vendor: Upstream) -> dict[str, Any]:
    """Of what the surfaces sell, what is asked for here."""
    whole = registry(vendor.base_url)
    return {**whole, "models": [model for model in whole["models"] if model["name"] in MODELS]}


def beside(installed: Serving) -> Serving:
    """Another process of the same installation; it is yet to be started."""
    second = copy.copy(installed)
    second.port = free_port()
    second.url, second.log = f"http://127.0.0.1:{second.port}", second.folder / f"serve-{second.port}.log"
    second.process = None
    return second
