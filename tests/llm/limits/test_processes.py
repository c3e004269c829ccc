"""Two processes before one provider: its limit holds for both together, and most of it is used."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from statistics import mean

import pytest

from config import env
from tests.llm.limits.demands import number

MOST, WINDOW, SECONDS = 60, 2.0, 8.0
LATE = 0.3
"""Seconds between the counting of a turn and the line that tells of it, at worst."""


@pytest.mark.alone
def test_the_limit_of_a_provider_holds_for_all_and_low_gets_through_though_high_waits_less(redis_url: str) -> None:
    arguments = [redis_url, *map(str, (number(), MOST, WINDOW, SECONDS))]
    command = [sys.executable, "-m", "tests.llm.limits.crowd", *arguments]
    processes = [subprocess.Popen(command, cwd=env.ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    turns = sorted(
        (float(at), priority, float(waited)) for lines in told for at, priority, waited in map(str.split, lines)
    )
    for (first, *_), (beyond, *_) in zip(turns, turns[MOST:], strict=False):
        assert beyond - first > WINDOW - LATE
    lasted = turns[-1][0] - turns[0][0]
    assert len(turns) > 0.8 * MOST * lasted / WINDOW
    assert all(len(lines) > MOST / 3 for lines in told)
    waits = defaultdict(list)
    for _, priority, waited in turns:
        waits[priority].append(waited)
    assert mean(waits["high"]) < mean(waits["normal"]) < mean(waits["low"])
    assert len(waits["low"]) > 10
