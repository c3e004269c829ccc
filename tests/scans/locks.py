"""The lock files name hashes and no address of any registry, and are in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from config.env import ROOT

ADDRESS = re.compile(r"://|index-url|find-links|trusted-host|^-i\b|\b[\w-]+\.(?:org|com|io|net)\b", re.MULTILINE)
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[\w.!+-]+)(?P<rest>.*(?:\n\s+.*)*)", re.MULTILINE)
LOCKS = {"requirements.lock": False, "requirements-dev.lock": True}
"""Each lock file, and whether it holds what development needs too."""


def scan(root: Path = ROOT) -> Iterator[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    for name, for_development in LOCKS.items():
        lock = (root / name).read_text()
        wanted = list(project["project"]["dependencies"])
        if for_development:
            wanted += project["dependency-groups"]["dev"]
        yield from (f"{name}: {fault}" for fault in judge(lock, wanted))


def judge(lock: str, wanted: list[str]) -> Iterator[str]:
    if address := ADDRESS.search(lock):
        yield f"holds an address: {address[0]}"
    pins = {canonicalize_name(pin["name"]): pin for pin in PIN.finditer(lock)}
    for pin in pins.values():
        if "--hash=sha256:" not in pin["rest"]:
            yield f"{pin['name']} has no hash"
    for requirement in map(Requirement, wanted):
        found = pins.get(canonicalize_name(requirement.name))
        if found is None or Version(found["version"]) not in requirement.specifier:
            yield f"does not satisfy `{requirement}` of pyproject.toml: run `make lock`"
