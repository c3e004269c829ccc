"""The documentation keeps up with the code: its links lead somewhere, its tables miss nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.env import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)")
VARIABLE = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [page.parent / link for link in LINK.findall(page.read_text())]
    assert [str(target) for target in targets if not target.exists()] == []


def test_every_variable_is_documented() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "config").glob("*.py")))
    reference = (ROOT / "docs" / "reference" / "environment.md").read_text()
    private = {"GATEHOUSE_PARENT"}
    assert set() == {name for name in VARIABLE.findall(code) if f"`{name}`" not in reference} - private


def test_the_container_files_hold_no_default_secret() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "SECRETS_KEY", "ALLOWED_HOSTS"):
        uses = re.findall(rf"\$\{{{name}\b(..)", compose)
        assert uses
        assert set(uses) == {":?"}
    assert "\nUSER gatehouse\n" in (ROOT / "Dockerfile").read_text()
