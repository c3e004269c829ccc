"""The walls of the house hold: a wrong import fails the check, and no module stands outside them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import ROOT

PACKAGES = ("config", "llm", "prompts", "analytics", "conversations", "webhooks")
LINT = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "statement", "broken"),
    [
        ("llm/types.py", "import django", "llm.types -> django"),
        ("llm/dialects/__init__.py", "import celery", "llm.dialects -> celery"),
        ("llm/fold.py", "from llm import models", "llm.fold -> llm.models"),
        ("llm/routing/router.py", "from llm import gateway", "llm.routing.router -> llm.gateway"),
        ("llm/wiring.py", "from llm import surfaces", "llm.wiring -> llm.surfaces"),
    ],
)
def test_a_wrong_import_fails_the_check(copy: Path, module: str, statement: str, broken: str) -> None:
    with (copy / module).open("a") as source:
        source.write(f"\n{statement}\n")
    verdict = lint(copy)
    assert verdict.returncode == 1
    assert broken in verdict.stdout


def test_the_house_as_it_stands_passes(copy: Path) -> None:
    verdict = lint(copy)
    assert verdict.returncode == 0, verdict.stdout


def test_every_module_has_its_place_among_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name.strip(" ()") for layer in layers for name in layer.split(":")}
    assert set() == set(modules()) - placed


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).iterdir():
            is_package = (path / "__init__.py").exists()
            if is_package or (path.suffix == ".py" and path.stem != "__init__"):
                yield f"{package}.{path.stem}"
