"""The bones of a page: its elements with the names of their attributes, in order, without a word of text."""

from __future__ import annotations

from html.parser import HTMLParser

Element = tuple[str, tuple[str, ...]]


class BoneReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", ()))


def bones(html: str) -> list[Element]:
    reader = BoneReader()
    reader.feed(html)
    reader.close()
    return reader.found
