"""The scans find what they are for, and let pass what is explained."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from config.env import ROOT
from tests.scans import locks, secrets, suppressions

LOCK = (
    "django==5.2.19 \\\n    --hash=sha256:00ff\nuvloop==0.23.0 ; sys_platform != 'win32' \\\n    --hash=sha256:11ff\n"
)
SILENT = "#" + " type: ignore"
NOQA = "#" + " noqa"


@pytest.mark.parametrize(
    "line",
    [
        f"x = 1  {SILENT}",
        f"x = 1  {SILENT}[misc]",
        f"x = 1  {SILENT}  # the package has no types",
        f"x = 1  {NOQA}",
        f"x = 1  {NOQA}: S603",
        f"x = 1  {NOQA}  # our own commands",
        f"x = 1  {NOQA}: S603  # ok",
        "if x:  #" + " pragma: no cover",
        "#" + " ruff: noqa: S603  # our own commands all over",
    ],
)
def test_a_suppression_without_code_or_reason_is_found(line: str) -> None:
    assert suppressions.judge(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        "x = 1",
        f"x = 1  {SILENT}[misc]  # the package has no types",
        f"x = 1  {SILENT}[misc, no-untyped-call]  # the package has no types",
        f"x = 1  {NOQA}: S603  # our own commands, no shell",
        f"x = 1  {NOQA}: S603, S607 - our own commands, no shell",
        "if x:  #" + " pragma: no cover - only on Windows",
    ],
)
def test_an_explained_suppression_passes(line: str) -> None:
    assert suppressions.judge(line) is None


def test_a_lock_in_step_passes() -> None:
    assert not list(locks.judge(LOCK, ["django~=5.2.0", "uvloop~=0.23; sys_platform != 'win32'"]))


@pytest.mark.parametrize(
    ("lock", "fault"),
    [
        (LOCK.replace("5.2.19", "5.1.0"), "does not satisfy `django~=5.2.0`"),
        (LOCK.replace("django", "jango"), "does not satisfy `django~=5.2.0`"),
        ("--index-url https://packages.invalid/simple\n" + LOCK, "holds an address"),
        ("# from files.packages.org\n" + LOCK, "holds an address"),
        (LOCK + "redis==8.1.0\n", "redis has no hash"),
    ],
)
def test_a_lock_out_of_step_or_with_an_address_is_found(lock: str, fault: str) -> None:
    assert fault in "; ".join(locks.judge(lock, ["django~=5.2.0"]))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    shutil.copy(ROOT / ".secrets.baseline", tmp_path)
    return tmp_path


def test_a_vendor_key_in_any_file_is_found(repository: Path) -> None:
    key = "sk-proj-" + "a1B2c3D4" * 3 + "T3BlbkFJ" + "e5F6g7H8" * 3
    (repository / "notes.md").write_text(f"Use {key} for now.\n")
    (fault,) = secrets.scan(repository)
    assert fault.startswith("notes.md:1:")
    assert key not in fault


def test_an_accepted_look_alike_passes_wherever_it_moves(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """To another line, and to another checkout."""
    known = "password = 'correct-horse-battery'\n"
    (repository / "a.py").write_text(known)
    assert list(secrets.scan(repository))
    secrets.accept(repository)
    (repository / "a.py").write_text("\n\n" + known)
    other = tmp_path_factory.mktemp("other") / "checkout"
    shutil.copytree(repository, other)
    assert not list(secrets.scan(other))
