"""What a start on one's own machine prepares and prints."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.management import call_command

from config import demo
from llm.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(demo, "KEPT", tmp_path / "demo-key")
    call_command("bootstrap")
    return demo.KEPT


def test_the_key_is_made_once_and_kept_for_the_owner_alone(kept: Path) -> None:
    key = demo.key()
    assert key == demo.key() == kept.read_text().strip()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert ApiKey.objects.count() == 1


def test_a_kept_key_that_this_database_does_not_know_is_replaced(kept: Path) -> None:
    kept.write_text("gh_of_another_database\n")
    assert demo.key() != "gh_of_another_database"
    assert demo.key() == kept.read_text().strip()


def test_a_lost_key_is_replaced_beside_the_old_one(kept: Path) -> None:
    first = demo.key()
    kept.unlink()
    assert first != demo.key()
    assert ApiKey.objects.count() == 2


def test_the_banner_holds_a_line_to_paste() -> None:
    banner = demo.banner("http://127.0.0.1:8000")
    (line,) = (line for line in banner.splitlines() if line.startswith("curl"))
    assert "curl -N http://127.0.0.1:8000/api/v1/generate/" in line
    assert f"Bearer {demo.key()}" in line
    assert '"stream": true' in line
    assert "http://127.0.0.1:8000/admin/welcome/" in banner
