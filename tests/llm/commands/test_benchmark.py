"""A model measured through the gateway: what it may cost is said and agreed to before anything is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from config import env
from llm.management.measuring import Plan, Sample, report
from tests.serving import Serving
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, vendor: Upstream) -> Serving:
    """An installation with a vendor and a key file; nobody serves it."""
    made = Serving(tmp_path_factory.mktemp("benchmark"))
    made.apply({"providers": [{"name": "idle", "kind": "echo"}]})
    (made.folder / "demo-key").write_text(made.register(vendor.base_url, ["gpt-4o-mini", "status-503"], retries=0))
    return made


def benchmark(installed: Serving, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "benchmark", *arguments]
    return subprocess.run(
        command, env=installed.environment, cwd=env.ROOT, input=typed, text=True, capture_output=True, check=False
    )


def test_figures_are_data_and_the_price_is_said_before(installed: Serving, vendor: Upstream) -> None:
    before = len(vendor.requests)
    asked = ("--provider", "fake", "--model", "gpt-4o-mini", "--requests", "6", "--concurrency", "3")
    done = benchmark(installed, *asked, "--prompt", "one two three", "--max-tokens", "50", "--yes", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["requests"], told["errors"], told["completion_tokens"]) == (6, {}, 18)
    assert 0 < told["first_token_ms"]["p50"] <= told["first_token_ms"]["p95"] <= told["latency_ms"]["p95"]
    assert told["tokens_per_second"]["p50"] > 0
    assert Decimal(told["cost"]) == 6 * Decimal("0.00000225")
    assert "6 requests to gpt-4o-mini, 3 at once" in done.stderr
    assert "up to 50 in the answer: at most $0.000" in done.stderr
    assert len(vendor.requests) == before + 6, "the cache answered, or something was asked twice"


def test_nothing_is_spent_unasked(installed: Serving, vendor: Upstream) -> None:
    before = len(vendor.requests)
    done = benchmark(installed, "--model", "gpt-4o-mini", typed="y\n")

    assert (done.returncode, done.stdout) == (1, "")
    assert "at most $0.00" in done.stderr
    assert "Nobody is there to agree to that: give --yes." in done.stderr
    assert len(vendor.requests) == before


def test_what_fails_is_counted_and_ends_with_1(installed: Serving) -> None:
    done = benchmark(installed, "--model", "status-503", "--requests", "3", "--yes")

    assert done.returncode == 1
    assert "errors: 3 provider_overloaded" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "gpt-4o-mimi"), "There is no model 'gpt-4o-mimi'. Did you mean gpt-4o-mini?"),
        (("--provider", "fakes"), "There is no provider 'fakes'. Did you mean fake?"),
        (("--provider", "idle", "--model", "gpt-4o-mini"), "The provider idle has no route to gpt-4o-mini."),
        (("--model", "auto"), "auto may be another model for each request: name one."),
        (("--requests", "0"), "must be a whole number from 1 to 100,000"),
        (("--concurrency", "many"), "must be a whole number from 1 to 1,000"),
        (("--key-file", "nowhere"), "Make one: manage.py create_key NAME > FILE"),
    ],
)
def test_what_cannot_be_measured_says_why_before_anything_is_asked(
    installed: Serving, vendor: Upstream, arguments: tuple[str, ...], words: str
) -> None:
    before = len(vendor.requests)
    done = benchmark(installed, "--yes", *arguments)

    assert len(vendor.requests) == before
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode in (1, 2)
    assert done.stdout == ""


def plan(**request: Any) -> Plan:
    return Plan({"options": {"max_tokens": 1}, **request}, 20, 4)


def test_percentiles_are_of_what_was_answered() -> None:
    samples = [Sample(first_token=n / 1000, took=2 * n / 1000, tokens=n, cost=Decimal(1)) for n in range(1, 21)]
    told = report(plan(provider="fake"), "m", [*samples, Sample("provider_timeout", took=60)], 1.5)

    assert told["first_token_ms"] == {"p50": 10.0, "p95": 19.0}
    assert told["latency_ms"] == {"p50": 20.0, "p95": 38.0}
    assert told["tokens_per_second"] == {"p50": 1000.0, "p95": 1000.0}
    assert (told["errors"], told["cost"], told["provider"]) == ({"provider_timeout": 1}, "20", "fake")


def test_what_is_unknown_is_said_to_be() -> None:
    told = report(plan(), "m", [Sample(took=1, tokens=3, cost=Decimal(1)), Sample(took=1)], 1)
    assert told["cost"] is None
    assert told["first_token_ms"] == {"p50": None, "p95": None}
    assert report(plan(), "m", [Sample("x")], 1)["latency_ms"] == {"p50": None, "p95": None}
