"""The page that tells how a provider is added leads through every file that one touches."""

from __future__ import annotations

import re

import pytest

from config.env import ROOT
from llm.providers.compatible import COMPATIBLE
from llm.vendors import CATALOGUE
from llm.wiring import KINDS

PAGE = (ROOT / "docs/adding-a-provider.md").read_text()
STEPS = re.findall(r"^\d\. (.*?)(?=^\d\. |^Then )", PAGE, re.MULTILINE | re.DOTALL)
FILES = [
    ("llm/models/providers.py", "docs/reference/registry.md"),
    ("llm/providers/compatible.py", "llm/dialects/openai/profile.py", "llm/dialects/openai/__init__.py"),
    ("llm/providers/openai.py", "llm/providers/base.py", "llm/providers/transport.py"),
    ("llm/wiring.py",),
    ("llm/dialects/complaints.py",),
    ("tests/upstream/shapes/accents.py", "tests/upstream/shapes/__init__.py"),
    ("tests/llm/providers/test_contract.py", "tests/llm/surfaces/registry.py"),
    ("llm/catalogue/groq.yaml", "llm/vendors.py", "llm/price_list.py", "docs/reference/environment.md"),
]


def test_there_are_eight_steps() -> None:
    assert [int(number) for number in re.findall(r"^(\d)\. \*\*", PAGE, re.MULTILINE)] == list(range(1, 9))


@pytest.mark.parametrize(("step", "files"), list(zip(STEPS, FILES, strict=True)))
def test_every_step_names_its_files_and_they_are_there(step: str, files: tuple[str, ...]) -> None:
    for name in files:
        assert f"`{name}`" in step
        assert (ROOT / name).is_file()


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"echo"}))
def test_every_kind_has_gone_through_the_steps(kind: str) -> None:
    """A row needs no more than the page says; what has no row has a module."""
    assert kind in COMPATIBLE or (ROOT / f"llm/providers/{kind}.py").is_file()
    assert kind == "compatible" or (CATALOGUE / f"{kind}.yaml").is_file()
    assert f"`{kind}`" in (ROOT / "docs/reference/registry.md").read_text()
