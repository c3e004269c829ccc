"""Two workers with Redis before a vendor that allows 600 requests a minute: it never sees more, and not much less."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.prove.traffic import Traffic
from tests.serving import serving
from tests.upstream import Upstream

LIMIT, SECONDS = 600, 150.0
MODEL = "slow-first-100ms"


@pytest.mark.prove
def test_a_vendor_never_sees_more_than_its_limit_in_any_minute(
    tmp_path: Path, migrated_postgres: str, redis_url: str
) -> None:
    settings = {"DATABASE_URL": migrated_postgres, "REDIS_URL": redis_url, "WEB_CONCURRENCY": "2"}
    with Upstream() as vendor, serving(tmp_path / "var", **settings) as gateway:
        key = gateway.register(vendor.base_url, [MODEL], retries=0, requests_per_minute=LIMIT)
        gateway.start()
        traffic = Traffic(gateway.url, key, per_second=15, models=(MODEL,))
        asyncio.run(traffic.run(SECONDS))
        arrived = sorted(one.at for one in vendor.received if one.method == "POST")
    fullest = max(sum(begin <= at < begin + 60 for at in arrived) for begin in arrived)
    print(f"{len(arrived)} in {arrived[-1] - arrived[0]:.0f} s, at most {fullest} in a minute")
    print(Counter(outcome.status for outcome in traffic.outcomes))
    assert fullest <= LIMIT
    assert len(arrived) > 0.85 * LIMIT * (arrived[-1] - arrived[0]) / 60
