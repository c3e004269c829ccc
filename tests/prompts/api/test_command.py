"""`manage.py prompts test`, asked beside a gateway that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.prompts.api.house import PROMPTS, House


def test_examples_are_run_and_the_exit_code_says_whether_all_pass(house: House, name: str, tmp_path: Path) -> None:
    house.prompt(name)
    example = {"name": "short", "variables": {"customer": "Ada"}, "checks": [{"type": "max_length", "max": 100_000}]}
    made = house.ask("POST", f"{PROMPTS}{name}/examples/", example)
    assert made.status_code == 201, made.text
    asked = ("prompts", "test", str(tmp_path), "--organisation", "acme", "--name", name)

    (result,) = json.loads(house.serving.manage(*asked, "--json"))
    assert (result["prompt"], result["version"], result["example"], result["outcome"]) == (name, 1, "short", "pass")

    wrong = {**example, "name": "wrong", "checks": [{"type": "equals", "value": "nothing of the kind"}]}
    assert house.ask("POST", f"{PROMPTS}{name}/examples/", wrong).status_code == 201
    with pytest.raises(AssertionError, match="1 of 2 passed"):
        house.serving.manage(*asked, "--label", "production")
