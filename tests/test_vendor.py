"""The bundles of others' code are those that were built from the locked versions, with their licences beside them."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from config.env import ROOT

VENDOR = ROOT / "static" / "vendor"
LOCK = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
LICENCES = (VENDOR / "codemirror.licences.txt").read_text()


def bundled() -> dict[str, str]:
    """Versions by package, as the build told them."""
    return dict(re.findall(r"^(\S+) (\d+\.\d+\.\d+)$", LICENCES, re.MULTILINE))


def test_the_bundle_is_the_one_that_was_built() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    written = {name: digest for digest, name in map(str.split, lines)}

    assert written == {"codemirror.js": sha256((VENDOR / "codemirror.js").read_bytes()).hexdigest()}


def test_the_bundle_holds_the_locked_versions() -> None:
    locked = {name: LOCK[f"node_modules/{name}"]["version"] for name in bundled()}

    assert bundled() == locked
    assert "@codemirror/view" in locked


def test_each_package_of_the_bundle_has_its_licence_beside_it() -> None:
    assert LICENCES.count("Permission is hereby granted") == len(bundled())


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert [name for name, package in LOCK.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in LOCK.items() if name)
