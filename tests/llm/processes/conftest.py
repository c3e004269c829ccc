"""Two installations of two processes each: these share SQLite and nothing else, those PostgreSQL and Redis."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from llm.vault import new_key
from tests.databases import migrated_postgres
from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import PRICES, registry
from tests.services import free_port
from tests.serving import Serving, serving
from tests.upstream import Upstream

MODELS = (
    "claude",
    "cut",
    "drip",
    "gate",
    "gate-body",
    "gate-first",
    "gpt-4o-mini",
    "silent",
    "slow-first-200ms",
    "stall-first",
    "stall-mid",
    "status-400",
    "status-500",
    "words-2000+gap-5ms",
)
PLACES = 40
"""Of the provider `narrow`; the key `crowded` has as many, and a hard budget."""
LEFT = ("stall-first", "slow-first-200ms", "gate-body", "stall-mid", "words-2000+gap-5ms", "drip")
"""What `narrow` sells to clients that leave while it goes on."""


DISCREET = new_key()
"""Of an organisation that keeps no bodies."""


@dataclass(slots=True)
class Doors:
    """Two ways into one installation. `door` is the port of a provider where nobody is."""

    first: House
    second: House
    door: int

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
def postgres_doors(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream, redis_url: str) -> Iterator[Doors]:
    with migrated_postgres() as url:
        yield from opened(tmp_path_factory.mktemp("postgres"), vendor, DATABASE_URL=url, REDIS_URL=redis_url)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def doors(request: pytest.FixtureRequest) -> Doors:
    found: Doors = request.getfixturevalue(f"{request.param}_doors")
    return found


def opened(folder: Path, vendor: Upstream, **environment: str) -> Iterator[Doors]:
    """Whatever these tests do to them, their logs stay free of complaints."""
    with serving(folder, **environment) as installed, httpx2.Client(timeout=60) as client:
        door = free_port()
        installed.apply(furniture(vendor, door))
        other = beside(installed)
        first, second = (started(House(one, vendor, client)) for one in (installed, other))
        yield Doors(first, second, door)
        for one in (installed, other):
            assert one.stop() == 0
            assert not re.search("Traceback|ERROR|CRITICAL", told := one.log.read_text()), told


def furniture(vendor: Upstream, door: int) -> dict[str, Any]:
    """Of what the surfaces sell, what is asked for here, a provider behind that door, and one more organisation."""
    whole = registry(vendor.base_url)
    behind = {"name": "door", "kind": "openai", "base_url": f"http://127.0.0.1:{door}/v1", "retries": 0}
    narrow = {"name": "narrow", "kind": "openai", "base_url": vendor.base_url, "max_concurrency": PLACES, "retries": 0}
    discreet = {"name": "discreet", "organisation": "discreet", "key": DISCREET}
    return {
        **whole,
        "organisations": [*whole["organisations"], {"name": "discreet", "keeps_bodies": False}],
        "keys": [*whole["keys"], discreet],
        "providers": [*whole["providers"], behind, narrow],
        "models": [
            {"name": "fails-at-the-gate", "routes": [{"provider": "fake", "upstream_model": "gate-first+status-500"}]},
            {"name": "behind-a-door", "routes": [{"provider": "door", "upstream_model": "gpt-4o-mini", **PRICES}]},
            *(
                {"name": f"narrow-{name}", "routes": [{"provider": "narrow", "upstream_model": name, **PRICES}]}
                for name in ("gpt-4o-mini", *LEFT)
            ),
            *(model for model in whole["models"] if model["name"] in MODELS),
        ],
    }


def started(house: House) -> House:
    house.serving.start()
    assert house.client.get(f"{house.url}/healthz").status_code == 200
    return house


def beside(installed: Serving) -> Serving:
    """Another process of the same installation; it is yet to be started."""
    second = copy.copy(installed)
    second.port = free_port()
    second.url, second.log = f"http://127.0.0.1:{second.port}", second.folder / f"serve-{second.port}.log"
    second.process = None
    return second
