"""What can be wrong with a template, and with values put into one."""

from __future__ import annotations


class TemplateError(Exception):
    """A template that cannot be read. Line and column count from 1, columns in characters.

    `path` is the field of the wording, where that is known.
    """

    path: str | None = None

    def __init__(self, message: str, *, line: int = 1, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


class RenderError(Exception):
    """Values that a template cannot take: `name` is the expression as it is written there."""

    def __init__(self, message: str, *, name: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.line = line


class NoSuchValue(RenderError):
    """A path that leads nowhere: it can be tested, not put out."""

    def __init__(self) -> None:
        super().__init__("there is no such value")


class OutOfBounds(RenderError):
    """Values that make a template loop, write or work without end."""
