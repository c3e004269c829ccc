"""Whoever visits the database from the event loop hears of one that cannot serve now as of one that is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connections
from pytest_django import DjangoDbBlocker

from llm.errors import Unavailable
from llm.store import visit
from tests.analytics.conftest import connected
from tests.databases import empty_postgres


@pytest.fixture
def bare(django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The alias of a PostgreSQL database without tables."""
    with empty_postgres() as url, django_db_blocker.unblock(), connected("bare", url):
        yield "bare"


def run(alias: str, *statements: str) -> int:
    try:
        with connections[alias].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        return len(statements)
    finally:
        connections[alias].close()
        del connections[alias]  # this thread outlives the database


@pytest.mark.parametrize(
    "statements",
    [
        ("SELECT * FROM emptied",),
        ("SET default_transaction_read_only = on", "CREATE TABLE written ()"),
        ("SET statement_timeout = 10", "SELECT pg_sleep(5)"),
        ("SELECT pg_terminate_backend(pg_backend_pid())",),
    ],
    ids=["emptied", "read only", "slow", "gone"],
)
async def test_what_cannot_be_done_now_is_unavailable(bare: str, statements: tuple[str, ...]) -> None:
    with pytest.raises(Unavailable) as refused:
        await visit(run, bare, *statements)
    assert refused.value.retry_after == 2
    assert await visit(run, bare, "SELECT 1") == 1


async def test_what_can_never_be_done_is_a_mistake_of_ours(bare: str) -> None:
    await visit(run, bare, "CREATE TABLE one (id integer PRIMARY KEY)", "INSERT INTO one VALUES (1)")
    with pytest.raises(IntegrityError):
        await visit(run, bare, "INSERT INTO one VALUES (1)")
