"""From a template's source to the tokens that the parser reads, in one pass over it whatever is in it.

python-liquid's own scanner takes quadratic time over some sources, so this one stands in its place. It knows which
tags there are and how they nest, and names the line and the column of each mistake.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from liquid.token import TOKEN_CONTENT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG, Token

from prompts.language.errors import TemplateError

LONGEST_SOURCE = 100_000
LONGEST_EXPRESSION = 1_000
"""Characters."""

LONGEST_TAGS = 30_000
"""Characters inside all tags of a template together: reading them costs most."""

MAX_TAGS = 2_000
MAX_DEPTH = 20
"""Tags in a template, outputs included, and blocks inside one another."""

OPENING = re.compile(r"\{\{-?|\{%-?")
INSIDE = re.compile(r"""(?:[^"'}%]|"[^"]*"|'[^']*'|\}(?!\})|%(?!\}))*""")
"""Up to the closing braces; those between quotes close nothing. No two of its branches begin alike."""

WORD = re.compile(r"\s*(\w*)")
NEW_LINE = re.compile(r"\r\n|\r|\n")

BLOCKS = {"if": ("elsif", "else"), "for": ("else",)}
"""What may stand inside a block and belongs to it."""

TAGS = ("if", "elsif", "else", "endif", "for", "endfor")


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands between braces, without them; `start` is where the opening ones are."""

    start: int
    end: int
    body: str
    body_start: int
    is_output: bool
    strips_before: bool
    strips_after: bool


class Places:
    """Where in the source an index is, as an editor counts."""

    def __init__(self, source: str) -> None:
        self._starts = [0, *(match.end() for match in NEW_LINE.finditer(source))]

    def at(self, index: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


class Scanner:
    def __init__(self, source: str) -> None:
        self.source = source
        self.places = Places(source)
        self.inside = 0
        """Characters inside tags, so far."""

        self._open: list[tuple[str, int, bool]] = []
        """Blocks that are open: the tag, where it is, and whether its `else` has come."""

    def tokens(self) -> list[Token]:
        """Raises TemplateError."""
        if len(self.source) > LONGEST_SOURCE:
            raise TemplateError(f"The template has {len(self.source)} characters, at most {LONGEST_SOURCE} are taken.")
        tokens = list(self._tokens())
        if self._open:
            name, start, _ = self._open[-1]
            raise self.error(f"This {{% {name} %}} is never closed.", start, f"write {{% end{name} %}} after its text")
        return tokens

    def error(self, message: str, index: int, hint: str | None = None) -> TemplateError:
        line, column = self.places.at(index)
        return TemplateError(message, line=line, column=column, hint=hint)

    def _tokens(self) -> Iterator[Token]:
        position, strips = 0, False
        for tag in self._tags():
            yield from self._content(position, tag.start, left=strips, right=tag.strips_before)
            yield from self._output(tag) if tag.is_output else self._block(tag)
            position, strips = tag.end, tag.strips_after
        yield from self._content(position, len(self.source), left=strips, right=False)

    def _content(self, start: int, end: int, *, left: bool, right: bool) -> Iterator[Token]:
        text = self.source[start:end]
        text = text.lstrip() if left else text
        text = text.rstrip() if right else text
        if text:
            yield Token(TOKEN_CONTENT, text, start, self.source)

    def _tags(self) -> Iterator[Tag]:
        count, position = 0, 0
        while opening := OPENING.search(self.source, position):
            count += 1
            if count > MAX_TAGS:
                raise self.error(f"A template has at most {MAX_TAGS} tags.", opening.start())
            tag = self._tag(opening)
            position = tag.end
            self.inside += len(tag.body)
            if self.inside > LONGEST_TAGS:
                raise self.error(f"The tags of a template hold at most {LONGEST_TAGS} characters.", tag.start)
            yield tag

    def _tag(self, opening: re.Match[str]) -> Tag:
        start, body_start = opening.span()
        is_output = self.source[start + 1] == "{"
        closing = "}}" if is_output else "%}"
        most = body_start + LONGEST_EXPRESSION
        inside = INSIDE.match(self.source, body_start, most)
        end = inside.end() if inside else body_start
        if not self.source.startswith(closing, end):
            raise self._unclosed(start, end, closing, most)
        body = self.source[body_start:end]
        return Tag(
            start=start,
            end=end + 2,
            body=body.removesuffix("-"),
            body_start=body_start,
            is_output=is_output,
            strips_before=opening.group().endswith("-"),
            strips_after=body.endswith("-"),
        )

    def _unclosed(self, start: int, end: int, closing: str, most: int) -> TemplateError:
        opening = self.source[start : start + 2]
        if self.source[end : end + 1] in ('"', "'") and end < most:
            return self.error(
                "A quote is opened here and never closed.",
                end,
                f'braces in text are {opening} as words: {{{{ "{opening}" }}}}',
            )
        if end >= most:
            return self.error(f"What stands after {opening} is longer than {LONGEST_EXPRESSION} characters.", start)
        return self.error(
            f"{opening} is not closed by {closing}.", start, f'for braces that are text, write {{{{ "{opening}" }}}}'
        )

    def _output(self, tag: Tag) -> Iterator[Token]:
        if not tag.body.strip():
            raise self.error("Nothing stands between the braces.", tag.start, "write the name of a variable there")
        yield Token(TOKEN_OUTPUT, self.source[tag.start : tag.end], tag.start, self.source)
        yield self._expression(tag, 0)

    def _block(self, tag: Tag) -> Iterator[Token]:
        found = WORD.match(tag.body)
        name = found.group(1) if found else ""
        self._nest(name, tag.start)
        yield Token(TOKEN_TAG, name, tag.start, self.source)
        after = found.end() if found else 0
        if tag.body[after:].strip():
            if name.startswith(("else", "end")):
                raise self.error(f"{name} stands alone in its tag.", tag.body_start + after, _alone(name))
            yield self._expression(tag, after)
        elif name in ("if", "elsif", "for"):
            raise self.error(f"{name} is not told what to look at.", tag.start, EXAMPLES[name])

    def _expression(self, tag: Tag, after: int) -> Token:
        text = tag.body[after:]
        start = tag.body_start + after + len(text) - len(text.lstrip())
        return Token(TOKEN_EXPRESSION, text.strip(), start, self.source)

    def _nest(self, name: str, start: int) -> None:
        if name not in TAGS:
            raise self._unknown(name, start)
        if name in BLOCKS:
            if len(self._open) >= MAX_DEPTH:
                raise self.error(f"Blocks are nested deeper than {MAX_DEPTH}.", start)
            self._open.append((name, start, False))
        elif name.startswith("end"):
            self._close(name.removeprefix("end"), start)
        else:
            self._branch(name, start)

    def _close(self, name: str, start: int) -> None:
        if not self._open:
            raise self.error(f"There is no open {{% {name} %}} that this could close.", start)
        opened, where, _ = self._open.pop()
        if opened != name:
            line, _ = self.places.at(where)
            raise self.error(
                f"This closes {name}, but {opened} of line {line} is open.", start, f"write {{% end{opened} %}} first"
            )

    def _branch(self, name: str, start: int) -> None:
        opened, where, had_else = self._open[-1] if self._open else ("", 0, False)
        if name not in BLOCKS.get(opened, ()):
            raise self.error(f"{name} stands outside of {'an if' if name == 'elsif' else 'an if or a for'}.", start)
        if had_else:
            raise self.error(f"{name} comes after else.", start, "else is the last branch")
        if name == "else":
            self._open[-1] = (opened, where, True)

    def _unknown(self, name: str, start: int) -> TemplateError:
        near = get_close_matches(name[:50], TAGS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        message = f"There is no tag {name[:50]}." if name else "The tag has no name."
        return self.error(message, start, f"{hint}the tags are {', '.join(TAGS)}")


EXAMPLES = {
    "if": "such as {% if customer %}",
    "elsif": "such as {% elsif customer %}",
    "for": "such as {% for item in items %}",
}


def _alone(name: str) -> str:
    return "write elsif to ask for more" if name == "else" else f"write {{% {name} %}}"
