"""A wording and values in, the messages of a request out."""

from __future__ import annotations

from typing import NoReturn

from llm.errors import InvalidField
from llm.types import Image, JsonObject, Message, Part, Text
from prompts.judging import Problem, Read, misuses, problems, templates
from prompts.language import NoSuchValue, OutOfBounds, Page, Picture, Piece, RenderError, Template, TemplateError
from prompts.variables import Checker, Variable, json_schema
from prompts.wording import Role, Wording

__all__ = ["Compiled", "Problem", "compiled", "json_schema", "problems"]

LONGEST_NAME = 100
MAY_BE_MISSING = "what may be missing is asked for in an if, or given a default by the filter of that name"


class Compiled:
    """A wording ready to be rendered any number of times, in any number of threads. Immutable."""

    __slots__ = ("_checker", "_images", "_lines", "wording")

    def __init__(self, wording: Wording) -> None:
        """Raises TemplateError and InvalidField; `compiled` is the way here."""
        self.wording = wording
        self._checker = Checker(wording.variables)
        self._images = tuple(variable.name for variable in wording.variables if variable.type == "image")
        self._lines = tuple((read.line.role, _sound(read, wording.variables)) for read in templates(wording))

    def render(self, variables: JsonObject) -> list[Message]:
        """As many messages as the wording has, in its roles, whatever the values hold.

        Raises InvalidField for values that do not fit; `param` is the path below `prompt`: `variables.customer.name`.
        """
        values = self._checker.check(variables)
        for name in self._images:
            if values[name] is not None:
                values[name] = Picture(values[name])
        page = Page(values)
        return [self._message(index, role, template, page) for index, (role, template) in enumerate(self._lines)]

    def _message(self, index: int, role: Role, template: Template, page: Page) -> Message:
        try:
            template.put(page)
        except RenderError as error:
            self._refuse(error, f"messages[{index}].content")
        return Message(role, _parts(page.take()))

    def _refuse(self, error: RenderError, path: str) -> NoReturn:
        name = (error.name or "")[:LONGEST_NAME]
        root = name.partition(".")[0].partition("[")[0]
        is_ours = any(root == variable.name for variable in self.wording.variables)
        place = ", ".join([path, *([f"line {error.line}"] if error.line else []), *([name] if name else [])])
        raise InvalidField(
            f"{place}: {error.message}.",
            param=f"variables.{name}" if is_ours else "variables",
            code="variable_too_long" if isinstance(error, OutOfBounds) else "variable_invalid",
            hint=MAY_BE_MISSING if isinstance(error, NoSuchValue) else None,
        )


def compiled(wording: Wording) -> Compiled:
    """Raises TemplateError, its `path` set, for what `problems` calls an error."""
    try:
        return Compiled(wording)
    except InvalidField as fault:
        error = TemplateError(fault.message, hint=fault.hint)
        error.path = fault.param
        raise error from None


def _sound(read: Read, variables: tuple[Variable, ...]) -> Template:
    if isinstance(read.template, TemplateError):
        raise _at(read.path, read.template)
    for error in misuses(read.template.uses, variables, read.line.role):
        raise _at(read.path, error)
    return read.template


def _at(path: str, error: TemplateError) -> TemplateError:
    error.path = path
    return error


def _parts(pieces: list[Piece]) -> list[Part]:
    """Text before, between and after images; a message without any is one text, be it empty."""
    parts: list[Part] = []
    words: list[str] = []
    for piece in pieces:
        if isinstance(piece, Picture):
            _close(words, parts)
            parts.append(Image(piece.url))
        else:
            words.append(piece)
    _close(words, parts)
    return parts or [Text("")]


def _close(words: list[str], parts: list[Part]) -> None:
    if text := "".join(words):
        parts.append(Text(text))
    words.clear()
