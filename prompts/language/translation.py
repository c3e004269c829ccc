"""What python-liquid has read, taken over piece by piece; a piece without a counterpart is not in the language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from liquid.ast import BlockNode
from liquid.ast import Node as LiquidNode
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, LoopExpression
from liquid.builtin.expressions import Filter as LiquidFilter
from liquid.builtin.expressions import Path as LiquidPath
from liquid.builtin.expressions.arguments import PositionalArgument
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Literal, Nil
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.expression import Expression as LiquidExpression
from liquid.token import Token

from prompts.language.errors import TemplateError
from prompts.language.expressions import Both, Comparison, Constant, Either, Expression, Filtered, Name, Path
from prompts.language.filters import FILTERS, near
from prompts.language.nodes import Branch, Choice, Loop, Node, Output, Spot, Words
from prompts.language.page import Page
from prompts.language.plain import below, contains, equal
from prompts.language.scanner import Scanner
from prompts.language.uses import Manner, Use

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
COUNTERS = ("index", "index0", "first", "last", "length")

Compare = Callable[[object, object, Page], bool]

COMPARISONS: dict[type[LiquidExpression], Compare] = {
    EqExpression: equal,
    NeExpression: lambda left, right, page: not equal(left, right, page),
    LtExpression: below,
    GtExpression: lambda left, right, page: below(right, left, page),
    LeExpression: lambda left, right, page: below(left, right, page) or equal(left, right, page),
    GeExpression: lambda left, right, page: below(right, left, page) or equal(left, right, page),
    ContainsExpression: contains,
}


class Translator:
    """Gathers, on its way, the uses of variables that no loop has brought in."""

    def __init__(self, scanner: Scanner) -> None:
        self.uses: list[Use] = []
        self._scanner = scanner
        self._loops: list[str] = []
        self._counting: list[bool] = []
        """For each loop around, whether its counters have been asked for."""

    def nodes(self, nodes: Iterable[LiquidNode]) -> tuple[Node, ...]:
        return tuple(self._node(node) for node in nodes)

    def _node(self, node: LiquidNode) -> Node:
        match node:
            case ContentNode():
                return Words(node.text)
            case OutputNode():
                return Output(self._output(node.expression), self._spot(node.expression))
            case IfNode():
                return self._choice(node)
            case ForNode():
                return self._loop(node)
        raise self._refused(node.token, "This tag is not in the language.")

    def _choice(self, node: IfNode) -> Choice:
        branches = [self._branch(node.condition, node.consequence)]
        branches += [self._branch(other.expression, other.block) for other in node.alternatives]
        if node.default:
            branches.append(Branch(None, self.nodes(node.default.nodes), self._spot(node.condition)))
        return Choice(tuple(branches))

    def _branch(self, condition: LiquidExpression, body: BlockNode) -> Branch:
        return Branch(self._condition(condition), self.nodes(body.nodes), self._spot(condition))

    def _loop(self, node: ForNode) -> Loop:
        expression = node.expression
        items = self._items(expression)
        with self._inside(expression.identifier) as counting:
            body = self.nodes(node.block.nodes)
            counts = counting[-1]
        otherwise = self.nodes(node.default.nodes) if node.default else ()
        return Loop(expression.identifier, items, body, otherwise, self._spot(expression), counts)

    def _items(self, loop: LoopExpression) -> Expression:
        if not NAME.fullmatch(loop.identifier) or loop.identifier == "forloop":
            raise self._refused(loop.token, "This cannot name what for goes through.", "use letters, digits and _")
        if loop.limit or loop.offset or loop.cols or loop.reversed:
            raise self._refused(loop.token, "for goes through the whole list, in its order.", "leave out what follows")
        if not isinstance(loop.iterable, LiquidPath):
            raise self._refused(loop.token, "for goes through a list among the variables.", "name one after in")
        return self._path(loop.iterable, "loop")

    @contextmanager
    def _inside(self, name: str) -> Iterator[list[bool]]:
        self._loops.append(name)
        self._counting.append(False)
        yield self._counting
        self._loops.pop()
        self._counting.pop()

    def _condition(self, expression: LiquidExpression) -> Expression:
        if isinstance(expression, BooleanExpression):
            expression = expression.expression
        return self._logical(expression, None)

    def _logical(self, expression: LiquidExpression, around: type[LiquidExpression] | None) -> Expression:
        if not isinstance(expression, LogicalAndExpression | LogicalOrExpression):
            return self._comparison(expression)
        if around not in (None, type(expression)):
            raise self._refused(expression.token, "and beside or can be read in two ways.", "put one if into another")
        left = self._logical(expression.left, type(expression))
        right = self._logical(expression.right, type(expression))
        kind = Both if isinstance(expression, LogicalAndExpression) else Either
        return kind(left, right, left.weight + right.weight)

    def _comparison(self, expression: LiquidExpression) -> Expression:
        compare = COMPARISONS.get(type(expression))
        if compare is None:
            return self._primitive(expression, "test")
        left = self._primitive(expression.left, "comparison")  # type: ignore[attr-defined]  # all of COMPARISONS have two sides
        right = self._primitive(expression.right, "comparison")  # type: ignore[attr-defined]  # see above
        return Comparison(compare, left, right, left.weight + right.weight + 1)

    def _output(self, expression: LiquidExpression) -> Expression:
        if not isinstance(expression, FilteredExpression):
            raise self._refused(expression.token, "An if cannot stand in an output.", "use {% if … %}")
        value = self._primitive(expression.left, "filter" if expression.filters else "output")
        for each in expression.filters or ():
            value = self._filtered(value, each)
        return value

    def _filtered(self, left: Expression, said: LiquidFilter) -> Filtered:
        known = FILTERS.get(said.name)
        if known is None:
            raise self._refused(said.token, f"There is no filter {said.name[:50]}.", near(said.name))
        if not all(isinstance(argument, PositionalArgument) for argument in said.args):
            raise self._refused(said.token, f"{said.name} takes values without names.")
        if not known.least <= len(said.args) <= known.most:
            raise self._refused(said.token, f"{said.name} takes {known.takes}, not {len(said.args)}.")
        arguments = tuple(self._primitive(argument.value, "filter") for argument in said.args)
        return Filtered(left, said.name, arguments, left.weight + 1 + sum(each.weight for each in arguments))

    def _primitive(self, expression: LiquidExpression, manner: Manner) -> Expression:
        match expression:
            case LiquidPath():
                return self._path(expression, manner)
            case Literal():
                return Constant(expression.value)
            case Nil():
                return Constant(None)
        raise self._refused(
            expression.token, "This is not in the language.", "a name, a number or a text in quotes can stand here"
        )

    def _path(self, path: LiquidPath, manner: Manner) -> Expression:
        root = path.path[0]
        if not isinstance(root, str):
            raise self._refused(path.token, "A path begins with a name.")
        if root == "forloop":
            self._note_counter(path)
        elif root not in self._loops:
            self._note(root, path, "part" if len(path.path) > 1 else manner)
        if len(path.path) == 1:
            return Name(root)
        steps = tuple(self._path(step, "index") if isinstance(step, LiquidPath) else step for step in path.path[1:])
        weight = 1 + sum(1 if isinstance(step, str | int) else 1 + step.weight for step in steps)
        return Path(root, steps, weight)

    def _note(self, root: str, path: LiquidPath, manner: Manner) -> None:
        line, column = self._scanner.places.at(path.token.start_index)
        self.uses.append(Use(root, str(path), line, column, manner))

    def _note_counter(self, path: LiquidPath) -> None:
        if not self._counting:
            raise self._refused(path.token, "forloop stands outside of a for.")
        if len(path.path) != 2 or path.path[1] not in COUNTERS:
            raise self._refused(path.token, "forloop has no such part.", f"it has {', '.join(COUNTERS)}")
        self._counting[-1] = True

    def _spot(self, expression: LiquidExpression) -> Spot:
        line, _ = self._scanner.places.at(expression.token.start_index)
        return Spot(_as_written(expression), line)

    def _refused(self, token: Token, message: str, hint: str | None = None) -> TemplateError:
        return self._scanner.error(message, max(token.start_index, 0), hint)


def _as_written(expression: LiquidExpression) -> str:
    """The path that a value comes from, filters aside."""
    match expression:
        case FilteredExpression():
            return _as_written(expression.left)
        case BooleanExpression():
            return _as_written(expression.expression)
        case LoopExpression():
            return _as_written(expression.iterable)
    return str(expression) if isinstance(expression, LiquidPath) else ""
