"""Two processes before one provider: its limit holds for both together, and most of it is used."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from statistics import mean

import pytest

from config import env
from tests.llm.limits.crowd import EACH
from tests.llm.limits.demands import number

MOST, WINDOW, SECONDS = 60, 2.0, 8.0
LATE = 0.3
"""Seconds between the counting of a turn and the line that tells of it, at worst."""


Turn = tuple[float, str, float]
"""When it came, the priority, and the wait."""


def crowds(redis_url: str, *priorities: str, most: int = MOST, seconds: float = SECONDS) -> list[list[Turn]]:
    """The turns of a process for each of the words, whose callers have these priorities. All begin together."""
    arguments = [redis_url, *map(str, (number(), most, WINDOW, seconds))]
    commands = [[sys.executable, "-m", "tests.llm.limits.crowd", *arguments, *words.split()] for words in priorities]
    processes = [
        subprocess.Popen(command, cwd=env.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    return [[(float(at), priority, float(waited)) for at, priority, waited in map(str.split, each)] for each in told]


def waits(turns: list[Turn]) -> dict[str, list[float]]:
    found = defaultdict(list)
    for _, priority, waited in turns:
        found[priority].append(waited)
    return found


@pytest.mark.alone
def test_the_limit_of_a_provider_holds_for_all_and_low_gets_through_though_high_waits_less(redis_url: str) -> None:
    told = crowds(redis_url, "low normal high", "low normal high")
    turns = sorted(turn for each in told for turn in each)
    for (first, *_), (beyond, *_) in zip(turns, turns[MOST:], strict=False):
        assert beyond - first > WINDOW - LATE
    lasted = turns[-1][0] - turns[0][0]
    assert len(turns) > 0.8 * MOST * lasted / WINDOW
    assert all(len(each) > MOST / 3 for each in told)
    found = waits(turns)
    assert mean(found["high"]) < mean(found["normal"]) < mean(found["low"])
    assert len(found["low"]) > 10


@pytest.mark.alone
def test_high_waits_less_than_the_low_of_another_process_who_get_through_all_the_same(redis_url: str) -> None:
    """Each window has room for those of one priority."""
    high, low = crowds(redis_url, "high", "low", most=EACH, seconds=6.0)
    assert mean(waits(high)["high"]) < mean(waits(low)["low"])
    assert len(high) > EACH
    assert len(low) >= EACH
