"""What is wrong with an installation is found, and its mend named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import doctor, env
from llm.errors import ProviderAuth, ProviderBroken, ProviderUnreachable
from llm.mends import MENDS
from tests.serving import Serving
from tests.upstream import Upstream

NOWHERE = "127.0.0.1:9"
WEBHOOK = """INSERT INTO webhooks_webhook
(url, events, sealed_secret, former_sealed_secret, disabled, disabled_because, created_at)
VALUES ('https://10.0.0.7/hooks', '["budget.alert"]', 'sealed', '', false, '', '2026-11-20')"""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Serving:
    made = Serving(tmp_path_factory.mktemp("doctor"))
    good = {"kind": "openai", "base_url": vendor.base_url}
    made.apply(
        {
            "providers": [
                {"name": "well", **good, "api_key": "sk-fake"},
                {"name": "wrong-key", **good, "api_key": "sk-play-status-401"},
                {"name": "keyless", **good},
                {"name": "away", "kind": "openai", "base_url": f"http://{NOWHERE}/v1", "api_key": "sk-fake"},
                {
                    "name": "no-api",
                    "kind": "openai",
                    "base_url": vendor.root_url + "/else",
                    "api_key": "sk-play-html-200",
                },
            ],
            "organisations": [{"name": "acme"}],
        }
    )
    made.change(WEBHOOK)
    return made


def examined(installed: Serving, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by their part."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        env=installed.environment | environment,
        cwd=env.ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    return done.returncode, {finding["part"]: finding for finding in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def report(installed: Serving) -> tuple[int, dict[str, dict[str, Any]]]:
    return examined(installed)


@pytest.fixture(scope="module")
def findings(report: tuple[int, dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return report[1]


@pytest.mark.parametrize(
    "part", ["database", "migrations", "secrets", "REDIS_URL", "broker", "journal", "provider well"]
)
def test_what_is_well_is_said_to_be(findings: dict[str, dict[str, Any]], part: str) -> None:
    assert findings[part]["state"] == "ok"


@pytest.mark.parametrize(
    ("part", "state", "fix"),
    [
        ("worker", "warning", "celery --app config.celery worker"),
        ("keys", "warning", "manage.py create_key NAME"),
        ("provider keyless", "warning", "Enter it in the admin, or in a registry file."),
        ("provider wrong-key", "failed", MENDS[ProviderAuth]),
        ("provider away", "failed", MENDS[ProviderUnreachable]),
        ("provider no-api", "failed", MENDS[ProviderBroken]),
        ("webhook 10.0.0.7:443", "failed", "Mend it in the admin."),
    ],
)
def test_what_is_not_well_has_its_mend(findings: dict[str, dict[str, Any]], part: str, state: str, fix: str) -> None:
    assert (findings[part]["state"], findings[part]["fix"]) == (state, fix)


def test_no_secret_is_told(findings: dict[str, dict[str, Any]]) -> None:
    assert "sk-" not in json.dumps(findings)


def test_a_failure_ends_with_1(report: tuple[int, dict[str, dict[str, Any]]]) -> None:
    assert report[0] == 1


def test_stores_that_are_away_are_named(installed: Serving) -> None:
    away = {"REDIS_URL": f"redis://{NOWHERE}/0", "DATABASE_URL": f"postgres://nobody@{NOWHERE}/none"}
    code, findings = examined(installed, **away)

    assert code == 1
    assert findings["database"]["fix"] == "Start it, or mend DATABASE_URL."
    assert findings["REDIS_URL"]["fix"] == "Start it, or mend REDIS_URL."
    assert findings["broker"]["state"] == "failed"
    assert "secrets" not in findings


def test_a_database_without_tables_is_told_to_migrate(installed: Serving, tmp_path: Path) -> None:
    findings = examined(installed, GATEHOUSE_VAR=str(tmp_path))[1]

    assert (findings["migrations"]["state"], findings["migrations"]["fix"]) == ("failed", "manage.py migrate")


def test_real_services_answer(installed: Serving, migrated_postgres: str, redis_url: str) -> None:
    findings = examined(installed, DATABASE_URL=migrated_postgres, REDIS_URL=redis_url)[1]

    assert {findings[part]["state"] for part in ("database", "migrations", "REDIS_URL", "clock of REDIS_URL")} == {"ok"}
    assert findings["clock of the database"]["said"] == "agrees with this machine's"


def test_clocks_that_disagree_are_found() -> None:
    late = doctor._clock("clock", datetime.now(UTC) - timedelta(minutes=1))

    assert (late.state, late.fix) == ("failed", "Run NTP on both.")
