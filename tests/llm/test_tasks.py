"""Tasks in real workers, over both kinds of broker: what travels, what is limited, and what a killed worker leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from pytest_django import Settings

from config import env
from config.worker import SHARE
from llm import wiring
from llm.errors import RateLimited
from llm.limits import MeteredLimiter
from llm.registry import Limits
from llm.surfaces.http import DEADLINE
from llm.tasks import GenerationFailed, generate
from tests.llm.doubles import CALLER, call
from tests.llm.own_redis import OwnRedis
from tests.llm.surfaces.worker import Worker, working
from tests.services import wait_until
from tests.serving import Serving, serving
from tests.upstream import Upstream


@dataclass(slots=True)
class Shop:
    """An installation with a worker and without a web process."""

    installed: Serving
    worker: Worker
    vendor: Upstream
    key: str
    store: str | None
    results: dict[str, str]

    def send(self, way: str, *models: str, **more: Any) -> list[Any]:
        told = {
            "key": self.key,
            "key_id": self.installed.rows("llm_apikey")[0]["id"],
            "asked": [
                (way, {"model": model, "messages": [{"role": "user", "content": "Hi"}], **more}) for model in models
            ],
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.llm.surfaces.python_door"],
            env={**self.installed.environment, **self.results},
            cwd=env.ROOT,
            input=json.dumps(told),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.installed.rows()]


@pytest.fixture(params=["files", "redis"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, start_redis: Callable[..., OwnRedis]) -> Iterator[Shop]:
    store = start_redis().url if request.param == "redis" else None
    results = {"CELERY_RESULT_BACKEND": store or f"file://{tmp_path}"}
    settings = {"REDIS_URL": store} if store else {}
    with Upstream() as vendor, serving(tmp_path / "var", **settings) as installed:
        key = installed.register(vendor.base_url, ["gpt-4o-mini", "gate-first", "status-400"])
        with working(installed, **results) as worker:
            yield Shop(installed, worker, vendor, key, store, results)


def test_a_task_is_answered_or_refused_and_a_killed_worker_never_asks_twice(shop: Shop) -> None:
    """In one test, because a worker takes seconds to start."""
    (answer,), refusal = shop.send("celery", "gpt-4o-mini", "status-400")
    assert (answer["content"], answer["provider"]) == ("Hi", "fake")
    assert (refusal["code"], refusal["type"]) == ("provider_refused", "invalid_request")
    assert [(row["surface"], row["status"]) for row in shop.installed.rows()] == [("celery", "ok"), ("celery", "error")]

    shop.send("sent", "gate-first")
    shop.vendor.wait_for(lambda: len(shop.vendor.requests) == 3, 30)
    assert_no_secret_travels(shop)
    shop.worker.kill()

    with working(shop.installed, **shop.results, GRACE_SECONDS="1") as another:
        assert wait_until(lambda: len(shop.statuses()) == 3, 40)
        assert shop.statuses()[2] == "interrupted"
        shop.vendor.release()
        assert shop.send("celery", "gpt-4o-mini")[0][0]["content"] == "Hi"
        shop.vendor.hold()
        shop.send("sent", "gate-first")
        shop.vendor.wait_for(lambda: len(shop.vendor.requests) == 5, 30)
        assert another.stop() == 0
        assert shop.statuses()[4:] == ["cancelled"]
    assert [one.json["model"] for one in shop.vendor.requests if one.json] == [
        "gpt-4o-mini",
        "status-400",
        "gate-first",
        "gpt-4o-mini",
        "gate-first",
    ]
    assert list((shop.installed.folder / "journal").iterdir()) == []


def assert_no_secret_travels(shop: Shop) -> None:
    """Neither in the broker nor among the results."""
    kept = [path.read_bytes() for path in shop.installed.folder.parent.rglob("*") if path.is_file()]
    if shop.store:
        with redis.Redis.from_url(shop.store) as store:
            kept += [store.dump(name) or b"" for name in store.scan_iter()]
    assert len(kept) > 1
    for secret in (shop.key[3:], "sk-fake"):
        assert not any(secret.encode() in one for one in kept)


def test_a_task_has_no_retry_of_its_own_and_outlasts_its_calls_deadline() -> None:
    assert (generate.acks_late, generate.max_retries, generate.ignore_result) == (False, 0, False)
    assert DEADLINE < (generate.soft_time_limit or 0) < (generate.time_limit or 0)
    assert not hasattr(generate, "autoretry_for")


def test_a_failure_tells_the_same_on_the_other_side() -> None:
    error = {"code": "rate_limited", "message": "Too many."}

    assert GenerationFailed(*GenerationFailed(error).args).error == error


async def test_processes_of_a_worker_share_a_fifth_of_each_rate(settings: Settings) -> None:
    settings.REDIS_URL = ""
    limiter = MeteredLimiter(wiring._meters(SHARE / 2))
    caller = replace(CALLER, limits=Limits(50))
    for _ in range(5):
        await limiter.admit(call(caller=caller))
    with pytest.raises(RateLimited):
        await limiter.admit(call(caller=caller))
