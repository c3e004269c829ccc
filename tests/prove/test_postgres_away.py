"""PostgreSQL is frozen, then stopped, under load: callers hardly notice, and nothing is missing afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.llm.own_postgres import OwnPostgres
from tests.prove.conftest import Vendor, furnish, wait_until
from tests.prove.test_kills import ids, report
from tests.prove.traffic import Outcome, Traffic, pause, percentile
from tests.serving import serving

AWAY = 10.0
LATE = 0.150
"""Seconds that an answer may come later than one does while all is well."""


@pytest.mark.prove
def test_a_frozen_postgres_costs_no_record_and_little_time(
    tmp_path: Path, vendor: Vendor, postgres: OwnPostgres
) -> None:
    prove(tmp_path, vendor, postgres, postgres.freeze, postgres.thaw)


@pytest.mark.prove
def test_a_stopped_postgres_costs_no_record_and_little_time(
    tmp_path: Path, vendor: Vendor, postgres: OwnPostgres
) -> None:
    prove(tmp_path, vendor, postgres, postgres.stop, postgres.start)


def prove(
    folder: Path, vendor: Vendor, postgres: OwnPostgres, leave: Callable[[], None], return_: Callable[[], None]
) -> None:
    with serving(folder / "var", DATABASE_URL=postgres.url) as gateway:
        key = furnish(gateway, vendor)
        gateway.start()
        traffic = Traffic(gateway.url, key, per_second=20, models=("gpt-4o-mini",))
        sender = threading.Thread(target=asyncio.run, args=(traffic.run(AWAY + 20),))
        sender.start()
        pause(8)
        well = list(traffic.outcomes)
        leave()
        began = time.monotonic()
        pause(AWAY)
        away = traffic.outcomes[len(well) :]
        return_()
        print(f"away for {time.monotonic() - began:.1f} s")
        sender.join()
        served = set(vendor.served())
        wait_until(lambda: served <= ids(gateway.rows()), 30)
        report(gateway.rows(), served)
        said(well, away, traffic.outcomes)
        assert Counter(outcome.status for outcome in traffic.outcomes).keys() == {200}
        assert len(gateway.rows()) == len(served) == len(traffic.outcomes)
        assert percentile(away, 0.99) <= percentile(well, 0.5) + LATE


def said(well: list[Outcome], away: list[Outcome], everything: list[Outcome]) -> None:
    for name, outcomes in (("well", well), ("away", away), ("in all", everything)):
        p50, p99, most = (percentile(outcomes, share) * 1000 for share in (0.5, 0.99, 1.0))
        print(f"{name}: {len(outcomes)} answers, p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {most:.0f} ms")
