"""Every silenced checker names the code it silences, and the reason, on the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from config.env import ROOT
from tests.scans import tree

MARK = re.compile(r"#\s*(?P<what>noqa|type:\s*ignore|nosec|pragma:\s*no\s*cover|ruff:\s*noqa|mypy:)")
CODED = re.compile(
    r"""
    \#\s* (?: noqa:\s*[A-Z]+[0-9]+ (?:\s*,\s*[A-Z]+[0-9]+)*
            | type:\s*ignore\[[\w-]+ (?:\s*,\s*[\w-]+)*\]
            | nosec\s+B[0-9]+
            | pragma:\s*no\s*cover )
    \s* (?: \#|-|:|–|—)? \s* (?P<reason> [^\#]*\w[^\#]* )
    """,
    re.VERBOSE,
)
REASON_LETTERS = 8


def scan(root: Path = ROOT) -> Iterator[str]:
    for path in tree.files(".py", ".pyi", root=root):
        for number, line in enumerate((root / path).read_text().splitlines(), start=1):
            if fault := judge(line):
                yield f"{path}:{number}: {fault}"


def judge(line: str) -> str | None:
    """What is wrong with a line's suppression; None where nothing is, or there is none."""
    mark = MARK.search(line)
    if mark is None:
        return None
    comment = line[mark.start() :]
    coded = CODED.match(comment)
    if coded is None or len(coded["reason"].strip()) < REASON_LETTERS:
        return f"`{mark['what']}` needs a code and a reason on the line"
    return None
