"""No credential in the repository, but for the look-alikes that .secrets.baseline lists after a person looked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection

from config.env import ROOT
from tests.scans import tree

BASELINE = ".secrets.baseline"
UNSCANNED = (".lock", ".baseline", ".svg")


def scan(root: Path = ROOT) -> Iterator[str]:
    known = baseline.load(baseline.load_from_file(str(root / BASELINE)), BASELINE)
    for name, secret in found(root) - known:
        yield f"{name}:{secret.line_number}: {secret.type}. Take it out, or look at it well and run `make baseline`"


def found(root: Path) -> SecretsCollection:
    """Scanned from inside `root`, so that the baseline holds relative names and is good in every checkout."""
    secrets = SecretsCollection()
    with chdir(root):
        secrets.scan_files(*(str(path) for path in tree.files(root=root) if path.suffix not in UNSCANNED))
    return secrets


def accept(root: Path = ROOT) -> None:
    """Writes what is found now as the new baseline."""
    path = root / BASELINE
    baseline.load(baseline.load_from_file(str(path)), BASELINE)
    draft = path.with_suffix(".draft")
    baseline.save_to_file(found(root), str(draft))
    os.replace(draft, path)
