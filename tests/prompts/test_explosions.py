"""Whatever is made to explode is stopped within a second of CPU and 64 MB."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.prompts.explosions import CASES

HARMLESS = {
    "loops that only turn",
    "nested quantifiers",
    "alternatives that overlap",
    "many states",
    "hidden characters",
    "look-alike words",
}
"""What only looks as though it would explode; it comes to its end."""


@pytest.mark.parametrize("name", CASES)
def test_an_explosion_is_stopped_in_a_second_and_64_megabytes(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.prompts.explosions", name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    told = json.loads(run.stdout)
    assert told["seconds"] < 1, told
    assert told["grown"] < 64 * 1024 * 1024, told
    assert len(told["ended"]) < 500
    if name not in HARMLESS:
        assert told["ended"] != "rendered"
