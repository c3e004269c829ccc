"""What the counters promise: every settled call once, bounded labels, right over several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, values

from analytics.metrics import Families, PrometheusMetrics, metrics_view
from llm.call import Attempt, Metrics, NullMetrics, Record, created_at, new_id

ROUTE = {"provider": "openai", "model": "gpt-4o-mini"}

Value = Callable[..., float | None]


def record(**said: Any) -> Record:
    identity = new_id()
    return Record(id=identity, created_at=created_at(identity), surface="native", **said)


def answered(**said: Any) -> Record:
    return record(**ROUTE, **said)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """Of this test alone: the values that processes share would outlive it."""
    monkeypatch.setattr(values, "ValueClass", values.MutexValue)
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> PrometheusMetrics:
    return PrometheusMetrics(Families(registry))


@pytest.fixture
def value(registry: CollectorRegistry) -> Value:
    def read(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    return read


def test_a_settled_call_is_counted_once_by_route_status_and_surface(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(answered())
    metrics.observe(answered(status="error"))

    assert value("llm_requests_total", **ROUTE, status="ok", surface="native") == 1
    assert value("llm_requests_total", **ROUTE, status="error", surface="native") == 1


def test_times_are_observed_in_seconds(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(answered(latency_ms=812.0, first_token_ms=230.0, overhead_ms=1.5))

    assert value("llm_request_latency_seconds_sum", **ROUTE) == pytest.approx(0.812)
    assert value("llm_first_token_seconds_sum", **ROUTE) == pytest.approx(0.230)
    assert value("llm_overhead_seconds_sum") == pytest.approx(0.0015)


def test_a_call_without_content_has_no_first_token(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(answered(first_token_ms=None))

    assert value("llm_first_token_seconds_count", **ROUTE) == 0


def test_tokens_are_counted_by_kind(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(
        answered(prompt_tokens=20, completion_tokens=9, cached_tokens=8, cache_write_tokens=3, reasoning_tokens=4)
    )

    counted = {
        kind: value("llm_tokens_total", **ROUTE, kind=kind)
        for kind in ("prompt", "completion", "cached", "cache_write", "reasoning")
    }
    assert counted == {"prompt": 20, "completion": 9, "cached": 8, "cache_write": 3, "reasoning": 4}


def test_cost_is_counted_in_dollars_and_an_unknown_price_apart(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(answered(cost=2_500_000_000_000))
    metrics.observe(answered(cost=None))

    assert value("llm_cost_total", **ROUTE) == pytest.approx(2.5)
    assert value("llm_unpriced_requests_total", **ROUTE) == 1


def test_the_cache_is_counted_only_where_it_was_asked(metrics: PrometheusMetrics, value: Value) -> None:
    for outcome in ("hit", "hit", "miss", "off"):
        metrics.observe(answered(cache=outcome))

    assert (value("llm_cache_hits_total"), value("llm_cache_misses_total")) == (2, 1)


def test_a_fallback_names_the_first_provider_and_the_last(metrics: PrometheusMetrics, value: Value) -> None:
    tried = [Attempt("anthropic", "claude", outcome="error"), Attempt("openai", "gpt")]
    metrics.observe(answered(fallback_used=True, attempts=tried))

    assert value("llm_fallbacks_total", from_provider="anthropic", to_provider="openai") == 1


def test_a_limit_that_refused_is_counted_by_scope_and_name(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(
        record(status="refused", error_type="rate_limited", limit_scope="key", limit_name="requests_per_minute")
    )

    assert value("llm_rate_limited_total", scope="key", limit="requests_per_minute") == 1


def test_a_vendors_limit_is_counted_as_the_providers(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.observe(record(status="error", error_type="rate_limited", attempts=[Attempt("openai", "gpt")]))

    assert value("llm_rate_limited_total", scope="provider", limit="-") == 1


def test_an_unknown_model_never_becomes_a_label(
    metrics: PrometheusMetrics, registry: CollectorRegistry, value: Value
) -> None:
    """Callers could otherwise make as many series as they can think of names."""
    metrics.observe(record(status="refused", model="made-up-by-a-caller", error_type="not_found"))

    assert value("llm_requests_total", provider="-", model="-", status="refused", surface="native") == 1
    assert not [s for family in registry.collect() for s in family.samples if "made-up-by-a-caller" in str(s.labels)]


def test_a_call_that_no_route_answered_counts_for_the_route_tried_last(
    metrics: PrometheusMetrics, value: Value
) -> None:
    tried = [Attempt("openai", "gpt", model="gpt-4o-mini"), Attempt("anthropic", "claude", model="claude-haiku-4-5")]
    metrics.observe(record(status="error", model="small", attempts=tried))

    labels = {"provider": "anthropic", "model": "claude-haiku-4-5", "status": "error", "surface": "native"}
    assert value("llm_requests_total", **labels) == 1


def test_what_never_got_a_record_is_counted_by_reason(metrics: PrometheusMetrics, value: Value) -> None:
    metrics.rejected("unauthenticated")

    assert value("llm_rejected_total", reason="unauthenticated") == 1


def test_two_counters_over_the_same_families_add_up(registry: CollectorRegistry, value: Value) -> None:
    """One for each event loop of a process."""
    families = Families(registry)
    for metrics in (PrometheusMetrics(families), PrometheusMetrics(families)):
        metrics.observe(answered())

    assert value("llm_requests_total", **ROUTE, status="ok", surface="native") == 2


def test_the_null_metrics_keep_the_same_seam() -> None:
    metrics: Metrics = NullMetrics()
    metrics.observe(answered())
    metrics.rejected("malformed")


WORKER = """
import sys
from analytics.metrics import PrometheusMetrics
from llm.call import Record, created_at, new_id

metrics = PrometheusMetrics()
for _ in range(int(sys.argv[1])):
    identity = new_id()
    metrics.observe(
        Record(identity, created_at(identity), surface="native", provider="echo", model="echo", latency_ms=250.0)
    )
metrics.rejected("unauthenticated")
"""


def work(folder: Path, calls: int) -> subprocess.Popen[bytes]:
    surroundings = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(calls)], env=surroundings)


def test_the_page_adds_up_what_several_processes_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    workers = [work(tmp_path, calls) for calls in (3, 4)]
    assert [worker.wait(30) for worker in workers] == [0, 0]
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    page = metrics_view(rf.get("/metrics")).content.decode()

    assert 'llm_requests_total{model="echo",provider="echo",status="ok",surface="native"} 7.0' in page
    assert 'llm_request_latency_seconds_bucket{le="0.25",model="echo",provider="echo"} 7.0' in page
    assert 'llm_rejected_total{reason="unauthenticated"} 2.0' in page
