"""python-liquid as a reader of tags: its environment with the few that are ours, fed by our own scanner."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from liquid import Environment
from liquid.ast import Node
from liquid.builtin.content import Literal
from liquid.builtin.expressions import FilteredExpression, tokenize
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.for_tag import ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.exceptions import LiquidError, LiquidSyntaxError
from liquid.mode import Mode
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import TOKEN_DOT, TOKEN_EXPRESSION, TOKEN_FLOAT, TOKEN_INTEGER, TOKEN_OUTPUT, TOKEN_WORD, Token

from prompts.language.errors import TemplateError
from prompts.language.scanner import MAX_DEPTH, Scanner

KEYWORDS = frozenset(
    {
        *("and", "as", "blank", "cols", "contains", "continue", "else", "empty", "false", "for", "if", "in", "limit"),
        *("nil", "not", "null", "offset", "or", "required", "reversed", "true", "with"),
    }
)
"""Words that mean something to the reader, so that they can name nothing."""

MAX_WORDS = 100
"""Words and signs in one tag: what nests inside an expression nests no deeper."""

LARGEST_NUMBER = 2**53


class Stream(TokenStream):
    """Remembers which expression is being read, for errors that only know it ended too soon."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        super().__init__(tokens)
        self.reading: Token | None = None

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> TokenStream:
        self.reading = self.expect(TOKEN_EXPRESSION)
        if eat:
            next(self)
        return TokenStream(_words(self.reading))


class OutputTag(Output):
    """`{{ … }}`"""

    def parse(self, stream: TokenStream) -> OutputNode:
        token = stream.eat(TOKEN_OUTPUT)
        inner = stream.into_inner(eat=False)
        return OutputNode(token, FilteredExpression.parse(self.env, inner))


class StrictIfTag(IfTag):
    """Takes nothing after `else` and no second one."""

    mode = Mode.STRICT


class Language(Environment):
    block_nesting_limit = MAX_DEPTH + 1

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (Literal, OutputTag, Illegal, StrictIfTag, ForTag):
            self.add_tag(tag)


LANGUAGE = Language()


def read(scanner: Scanner) -> list[Node]:
    """Raises TemplateError."""
    stream = Stream(iter(scanner.tokens()))
    try:
        return get_parser(LANGUAGE).parse(stream)
    except LiquidError as error:
        raise _located(error, stream.reading, scanner) from None


def _words(expression: Token) -> Iterator[Token]:
    """After a dot every word is a name, those that mean something elsewhere too."""
    before = ""
    for count, token in enumerate(tokenize(expression.value, expression)):
        if count >= MAX_WORDS:
            raise LiquidSyntaxError(f"it has more than {MAX_WORDS} words and signs", token=token)
        if token.kind in (TOKEN_INTEGER, TOKEN_FLOAT):
            _check_number(token)
        is_name = before == TOKEN_DOT and token.kind in KEYWORDS
        yield token._replace(kind=TOKEN_WORD) if is_name else token
        before = token.kind


def _check_number(token: Token) -> None:
    value = float(token.value)
    if not isfinite(value) or abs(value) > LARGEST_NUMBER:
        raise LiquidSyntaxError("the number is too large", token=token)


def _located(error: LiquidError, reading: Token | None, scanner: Scanner) -> TemplateError:
    token = error.token
    index = token.start_index if token else -1
    if index < 0:
        index = reading.start_index + len(reading.value) if reading else 0
    message = str(error.message).replace("end of expression", "the end of the tag")
    return scanner.error(f"This cannot be read: {message}.", index)
