"""The documentation as data: its pages, and the links, tables, names and snippets on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.env import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
CELL = re.compile(r"(?<!\\)\|")

Row = list[str]


@dataclass(frozen=True)
class Snippet:
    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.strip().splitlines()[0][:60]}"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def prose(text: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", text)


def snippets(path: Path, *languages: str) -> list[Snippet]:
    found = (
        Snippet(path, language, _level(text, indent)) for indent, language, text in FENCE.findall(path.read_text())
    )
    return [snippet for snippet in found if snippet.language in languages]


def _level(text: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """Where each relative link leads: a file, and the heading in it if one is named."""
    for target, anchor in LINK.findall(prose(path.read_text())):
        yield (path.parent / target).resolve() if target else path, anchor


def anchors(text: str) -> set[str]:
    """The headings' names as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(text))}


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"there is no heading {heading!r}"
    return rest.partition("\n## ")[0]


def rows(text: str) -> list[Row]:
    """The cells of all tables' rows, without their heads."""
    found: list[Row] = []
    lines = text.splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            found.append([cell.strip() for cell in CELL.split(line)[1:-1]])
            if set(line) <= set("|- "):
                found.pop()
                if above.startswith("|"):
                    found.pop()
    return found


def code(text: str) -> list[str]:
    """What stands in backticks."""
    return CODE.findall(text)


def first_codes(text: str) -> list[str]:
    """What stands in backticks in the first cells."""
    return [name for row in rows(text) for name in code(row[0])]


def blocks(text: str) -> Iterator[str]:
    """Paragraphs, list items and table rows, one by one."""
    for paragraph in re.split(r"\n\s*\n", prose(text)):
        yield from re.split(r"\n(?=\||- |\d+\. )", paragraph)
