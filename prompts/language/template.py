"""One template, read once and put on any number of pages, in any number of threads."""

from __future__ import annotations

from prompts.language.nodes import put_all
from prompts.language.page import Page
from prompts.language.reading import read
from prompts.language.scanner import Scanner
from prompts.language.translation import Translator


class Template:
    """Immutable. `uses` names the variables that no loop of its own brings in; `inside` counts characters in tags."""

    __slots__ = ("_nodes", "inside", "uses")

    def __init__(self, source: str) -> None:
        """Raises TemplateError."""
        scanner = Scanner(source)
        translator = Translator(scanner)
        self._nodes = translator.nodes(read(scanner))
        self.uses = tuple(translator.uses)
        self.inside = scanner.inside

    def put(self, page: Page) -> None:
        """Raises RenderError for values that do not suit the template."""
        put_all(self._nodes, page)
