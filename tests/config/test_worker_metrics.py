"""Prometheus' files of dead processes: swept at start, but never those of the living."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env, worker_metrics


@pytest.fixture
def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(env, "METRICS", tmp_path)
    return tmp_path


def test_what_a_dead_process_left_is_swept(folder: Path, dead: int) -> None:
    for name in (
        f"counter_{dead}.db",
        f"gauge_livesum_{dead}.db",
        f"counter_{os.getpid()}.db",
        "counter_1.db",
        "notes",
    ):
        (folder / name).touch()
    worker_metrics.sweep()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"counter_{os.getpid()}.db", "counter_1.db", "notes"]
    )


def test_a_dead_worker_keeps_its_counts_and_loses_its_gauges(folder: Path, dead: int) -> None:
    for name in (f"counter_{dead}.db", f"gauge_livesum_{dead}.db"):
        (folder / name).touch()
    worker_metrics.bury(dead)
    assert [path.name for path in folder.iterdir()] == [f"counter_{dead}.db"]


def test_the_folder_is_known_before_the_metrics_are_made() -> None:
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(env.METRICS)
