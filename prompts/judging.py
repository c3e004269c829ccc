"""What is wrong with a wording, said before it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Literal

from llm.errors import InvalidField
from prompts.characters import suspicious
from prompts.language import LONGEST_TAGS, Places, Template, TemplateError, Use
from prompts.texts import DEEPEST, complaint, stray
from prompts.variables import Variable, faults
from prompts.variables.size import size
from prompts.wording import Line, Role, Wording

MOST_PROBLEMS = 200
MOST_SUSPICIONS = 20
"""Said of a wording, and of the characters of one content."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error forbids saving, a warning does not. `path` is such as `messages[0].content`; line and column count
    from 1 and are there for templates alone."""

    level: Literal["error", "warning"]
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


def problems(wording: Wording) -> list[Problem]:
    """In the order of the wording: messages first, then variables and the rest. At most `MOST_PROBLEMS`."""
    used: set[str] = set()
    found = [problem for read in templates(wording) for problem in _of_line(read, wording, used=used)]
    found += _of_variables(wording.variables, used)
    found += _of_objects(wording)
    found += _of_texts(wording)
    found.sort(key=lambda problem: problem.level)
    return found[:MOST_PROBLEMS]


@dataclass(frozen=True, slots=True)
class Read:
    """A message, the path of its content, and its template or what is wrong with it."""

    path: str
    line: Line
    template: Template | TemplateError


def templates(wording: Wording) -> Iterator[Read]:
    """Of all messages, in bounded work for all together."""
    inside = 0
    for index, line in enumerate(wording.messages):
        template = _read(line.content, inside)
        yield Read(f"messages[{index}].content", line, template)
        inside += template.inside if isinstance(template, Template) else 0


def _read(content: str, inside: int) -> Template | TemplateError:
    try:
        if inside > LONGEST_TAGS:
            raise TemplateError(f"The tags of the messages before hold more than {LONGEST_TAGS} characters.")
        return Template(content)
    except TemplateError as error:
        return error


def misuses(uses: tuple[Use, ...], variables: tuple[Variable, ...], role: Role) -> Iterator[TemplateError]:
    """Variables that are not declared, and images where no image can be."""
    kinds = {variable.name: variable.type for variable in variables}
    for use in uses:
        if use.name not in kinds:
            yield _error(use, f"There is no variable {use.name}.", _near(use.name, kinds))
        elif kinds[use.name] == "image" and use.manner not in ("output", "test"):
            yield _error(use, f"{use.name} is an image: it can be put out, or asked for in an if, as it is.")
        elif kinds[use.name] == "image" and use.manner == "output" and role != "user":
            yield _error(use, f"{use.name} is an image, and a {role} message holds text alone.", "put it into a user's")


def _of_line(read: Read, wording: Wording, *, used: set[str]) -> Iterator[Problem]:
    """Adds to `used` the names that the message uses."""
    content, path, template = read.line.content, read.path, read.template
    if not content.strip():
        yield Problem("error", "The message is empty.", path, 1, 1, "write its text or take the message out")
    if isinstance(template, TemplateError):
        yield _problem(template, path)
    else:
        used.update(use.name for use in template.uses)
        yield from (_problem(error, path) for error in misuses(template.uses, wording.variables, read.line.role))
    for found in islice(suspicious(content), MOST_SUSPICIONS):
        yield Problem("warning", found.message, path, found.line, found.column, "type it again, or take it out")


def _of_variables(variables: tuple[Variable, ...], used: set[str]) -> Iterator[Problem]:
    for fault in faults(variables):
        yield Problem("error", fault.message, fault.param or "variables", hint=fault.hint)
    for index, variable in enumerate(variables):
        if variable.name not in used:
            yield Problem("warning", f"{variable.name} is used in no message.", f"variables[{index}].name")
        if variable.required and variable.default is not None:
            message = f"{variable.name} is required, so that its default is never taken."
            yield Problem("warning", message, f"variables[{index}].default")


def _of_objects(wording: Wording) -> Iterator[Problem]:
    for name in ("options", "response_schema"):
        try:
            size(getattr(wording, name), name, deepest=DEEPEST)
        except InvalidField as error:
            yield Problem("error", error.message, name)


def _of_texts(wording: Wording) -> Iterator[Problem]:
    """The first character that cannot be kept, wherever it stands."""
    if found := stray(wording.as_json(), ""):
        path, text, index = found
        line, column = Places(text).at(index) if path.startswith("messages[") else (None, None)
        yield Problem("error", f"The text holds {complaint(text[index])}", path, line, column, "take it out")


def _problem(error: TemplateError, path: str) -> Problem:
    return Problem("error", error.message, path, error.line, error.column, error.hint)


def _error(use: Use, message: str, hint: str | None = None) -> TemplateError:
    return TemplateError(message, line=use.line, column=use.column, hint=hint)


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name[:64], known, n=2)
    return f"did you mean {' or '.join(near)}?" if near else "declare it among the variables, or take it out"
