"""The server is killed at random moments under load: whatever a vendor was asked is in the books exactly once."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llm.call import public_id
from tests.prove.conftest import Vendor, furnish, wait_until
from tests.prove.traffic import Traffic
from tests.serving import Serving, serving

ROUNDS = 10


@pytest.mark.prove
def test_every_request_a_vendor_served_has_one_row_on_sqlite(tmp_path: Path, vendor: Vendor) -> None:
    with serving(tmp_path / "var") as gateway:
        prove(gateway, vendor)


@pytest.mark.prove
def test_every_request_a_vendor_served_has_one_row_on_postgres(
    tmp_path: Path, vendor: Vendor, migrated_postgres: str
) -> None:
    with serving(tmp_path / "var", DATABASE_URL=migrated_postgres) as gateway:
        prove(gateway, vendor)


def prove(gateway: Serving, vendor: Vendor) -> None:
    key = furnish(gateway, vendor)
    for _ in range(ROUNDS):
        gateway.start()
        traffic = threading.Thread(target=asyncio.run, args=(Traffic(gateway.url, key).run(4.0),))
        traffic.start()
        threading.Event().wait(random.uniform(0.5, 3.5))
        gateway.stop(signal.SIGKILL)
        traffic.join()
    gateway.start()
    served = set(vendor.served())
    wait_until(lambda: served <= ids(gateway.rows()), 40)
    rows = gateway.rows()
    gateway.stop()
    report(rows, served)
    assert len(served) > ROUNDS * 10
    assert [name for name, count in Counter(public_id(uuid(row)) for row in rows).items() if count > 1] == []
    assert served - ids(rows) == set()
    assert {row["status"] for row in rows if public_id(uuid(row)) in served} >= {"ok", "interrupted"}


def ids(rows: list[dict[str, Any]]) -> set[str]:
    return {public_id(uuid(row)) for row in rows}


def uuid(row: dict[str, Any]) -> Any:
    """SQLite keeps ids as their thirty-two digits."""
    name = str(row["id"]).replace("-", "")
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


def report(rows: list[dict[str, Any]], served: set[str]) -> None:
    print(f"{len(served)} served, {len(rows)} rows: {dict(Counter(row['status'] for row in rows))}")
