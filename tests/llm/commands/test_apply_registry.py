from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from llm.models import Provider
from tests.llm.registry_file.files import FULL

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(FULL)
    return path


def apply_registry(*arguments: str) -> tuple[str, str]:
    """Standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("apply_registry", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_changes_are_data_and_the_rest_is_said_beside_them(file: Path) -> None:
    out, err = apply_registry(str(file))
    assert out.splitlines()[0] == "create organisation acme"
    assert err == "6 changes made.\n"
    assert apply_registry(str(file)) == ("", "Nothing to change.\n")


def test_a_dry_run_changes_nothing(file: Path) -> None:
    assert apply_registry(str(file), "--dry-run")[1] == "6 changes to make; this was a dry run.\n"
    assert not Provider.objects.exists()


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("organisations: [{name: acme}]"))
    assert apply_registry("-")[0] == "create organisation acme\n"


def test_prune_deletes_what_is_not_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_registry(str(file))
    monkeypatch.setattr(sys, "stdin", io.StringIO("keys: []"))
    assert apply_registry("-", "--prune")[0] == "delete key acme/frontend\n"


def test_a_file_with_a_problem_fails_and_says_where(file: Path) -> None:
    file.write_text(FULL.replace("kind: openai", "kind: bard"))
    with pytest.raises(CommandError, match=r"Nothing was applied.\nproviders\[0\].kind: got 'bard', wanted one of"):
        apply_registry(str(file))


def test_a_file_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        apply_registry(str(tmp_path / "nothing.yaml"))


def test_what_export_writes_apply_reads(file: Path) -> None:
    apply_registry(str(file))
    out = io.StringIO()
    call_command("export_registry", stdout=out)
    file.write_text(out.getvalue())
    assert apply_registry(str(file)) == ("", "Nothing to change.\n")
