"""The files of the repository, without what git ignores."""

from __future__ import annotations

import subprocess
from pathlib import Path

from config.env import ROOT


def files(*suffixes: str, root: Path = ROOT) -> list[Path]:
    """Paths relative to `root`, tracked or about to be; those ending in one of `suffixes` where any is given."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    paths = (Path(name) for name in names if name)
    return [path for path in paths if (root / path).is_file() and (not suffixes or path.suffix in suffixes)]
