"""What serves requests reads the log through `.of(caller)` alone: held over the source, whoever adds a view to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env

CONVERSING = [env.ROOT / "conversations" / f"{name}.py" for name in ("api", "exchange", "listening", "turns")]
SERVING = [env.ROOT / "analytics" / "api.py", *CONVERSING, *sorted((env.ROOT / "llm" / "surfaces").rglob("*.py"))]
MANAGERS = {"objects", "_default_manager", "_base_manager"}
AROUND = {"connection", "connections", "raw", "RawSQL"}
"""Ways to the database that lead past a manager."""
CALLERS = ("caller", "caller_of(request)", "question.caller")
TABLES = ("RequestLog", "Conversation")
OF_A_TURN = (
    "Conversation.objects.filter(pk=turn.conversation.pk, turn=turn.number)",
    "Message.objects.filter(pk=turn.answer)",
    "Message.objects.filter(pk__in=[*turn.asked, turn.answer])",
    "Message.objects.bulk_create([*asked, answer])",
)
"""A turn is made in one place, of a conversation that was found as the caller's own."""
OWN = (*OF_A_TURN, *(f"{table}.objects.of({who})" for table in TABLES for who in CALLERS))
FOUND = "row = find(RequestLog.objects.of(caller_of(request)), id)"
OF_THE_ROW = "RequestBody.objects.filter(id=row.id, created_at=row.created_at)"
"""What was said has no caller: it is reached through the row that was found as the caller's own."""


def offences(source: str) -> list[str]:
    """Expressions that may read what is another's."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    owning = {query for function in functions if FOUND in ast.unparse(function) for query in queries(function)}
    allowed = {query for query in owning if ast.unparse(query).startswith(OF_THE_ROW)}
    return [
        *(ast.unparse(query) for query in queries(tree) - allowed if not ast.unparse(query).startswith(OWN)),
        *(name for name in names(tree) if name in AROUND),
    ]


def queries(tree: ast.AST) -> set[ast.AST]:
    """Every use of a manager, with all the calls that hang on it."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
            whole: ast.AST = node
            while hangs_on(above.get(whole), whole):
                whole = above[whole]
            found.add(whole)
    return found


def hangs_on(above: ast.AST | None, node: ast.AST) -> bool:
    return (isinstance(above, ast.Attribute) and above.value is node) or (
        isinstance(above, ast.Call) and above.func is node
    )


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


@pytest.mark.parametrize("path", SERVING, ids=lambda path: str(path.relative_to(env.ROOT)))
def test_every_query_is_the_callers_own(path: Path) -> None:
    assert offences(path.read_text()) == []


def test_the_books_are_queried_where_this_looks() -> None:
    assert len(queries(ast.parse(SERVING[0].read_text()))) >= 4


@pytest.mark.parametrize(
    "line",
    [
        "RequestLog.objects.all()",
        "RequestLog.objects.filter(organisation_id=caller.organisation_id)",
        "RequestLog.objects.of(other)",
        "RequestLog.objects.filter(id=id).of(caller)",
        "everything = RequestLog.objects",
        "getattr(RequestLog, 'x')._default_manager.get()",
        "RequestBody.objects.filter(id=id)",
        "Conversation.objects.get(pk=id)",
        "Message.objects.filter(pk=id)",
        "RequestBody.objects.filter(id=row.id, created_at=row.created_at)",
        "connection.cursor()",
    ],
)
def test_a_query_of_what_is_anothers_would_be_found(line: str) -> None:
    assert offences(f"def get(request, id):\n    {line}")


def test_the_body_of_ones_own_row_may_be_read() -> None:
    assert offences(f"def get(request, id):\n    {FOUND}\n    body = {OF_THE_ROW}.first()") == []
