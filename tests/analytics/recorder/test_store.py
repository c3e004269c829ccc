"""The recorder's statements, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from analytics.models import RequestBody, RequestLog
from analytics.recorder.store import Store
from llm import connection
from llm.call import Body
from llm.connection import Away, Refused, is_away
from tests.analytics.conftest import connected
from tests.analytics.logbook import identity
from tests.analytics.records import departed, entry, record, spoken

FULL = {
    "status": "ok",
    "http_status": 200,
    "team": "web",
    "user_id": "u",
    "session_id": "s",
    "request_id": "r",
    "tags": {"a": "b"},
    "sources": [{"id": "d"}],
    "prompt": "p",
    "prompt_version": 2,
    "prompt_label": "l",
    "streamed": True,
    "retries": 1,
    "fallback_used": True,
    "cache": "miss",
    "finish_reason": "stop",
    "error_type": "t",
    "error_code": "c",
    "error_message": "naïve ☂",
    "warnings": ["w"],
    "prompt_tokens": 2**40,
    "usage_estimated": True,
    "cost": 2**60,
    "saved": 0,
    "price": {"input": 1},
    "queue_ms": 0.25,
    "first_token_ms": 1.5,
    "latency_ms": 2.5,
    "overhead_ms": 0.125,
    "limit_scope": "key",
    "limit_name": "rpm",
}


@pytest.fixture
def store(books: str) -> Iterator[Store]:
    made = Store(books)
    yield made
    made.close()


@pytest.fixture
def postgres(migrated_postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Store]:
    """A store on PostgreSQL alone, under the alias of the others."""
    with django_db_blocker.unblock(), connected("books", migrated_postgres):
        made = Store("books")
        yield made
        made.close()


def row(books: str, said: Any) -> RequestLog:
    return RequestLog.objects.using(books).identified(said.id).get()


def test_every_column_arrives_as_it_was_said(store: Store, books: str) -> None:
    said = departed(**FULL)
    store.insert([entry(said)])
    found = row(books, said)
    plain = {name: getattr(found, name) for name in FULL}
    assert plain == FULL
    assert (found.created_at, found.organisation_id, found.requests) == (said.created_at, 1, 1)
    assert found.attempts[0]["provider"] == "openai"


def test_what_is_unknown_is_null(store: Store, books: str) -> None:
    said = record(cost=None)
    store.insert([entry(said)])
    found = row(books, said)
    assert (found.cost, found.price, found.team, found.first_token_ms) == (None, None, None, None)
    assert RequestLog.objects.using(books).filter(price__isnull=True, cost__isnull=True).count() == 1


def test_bodies_go_into_their_own_table(store: Store, books: str) -> None:
    spoke, silent = record(organisation_id=7), record()
    store.insert([entry(spoke, spoken()), entry(silent)])
    (body,) = RequestBody.objects.using(books).all()
    assert (body.id, body.created_at, body.organisation_id) == (spoke.id, spoke.created_at, 7)
    assert body.request["messages"][0]["content"] == "Hello"
    assert body.answer == {"content": "Good day"}


def test_writing_twice_is_harmless(store: Store, books: str) -> None:
    said = record(status="ok")
    store.insert([entry(said, spoken()), entry(said, spoken())])
    said.status = "interrupted"
    store.insert([entry(said, spoken())])
    assert row(books, said).status == "ok"
    assert RequestBody.objects.using(books).count() == 1


def test_nul_and_lone_surrogates_are_written_out(store: Store, books: str) -> None:
    said = record(user_id="a\0b", tags={"x": "\ud800"})
    store.insert([entry(said, Body({"text": "\0"}, "\udfff"))])
    assert (row(books, said).user_id, row(books, said).tags) == ("a\\u0000b", {"x": "\\ud800"})
    assert RequestBody.objects.using(books).get().answer == "\\udfff"


@pytest.mark.parametrize(
    "said",
    [{"prompt_tokens": 2**63}, {"prompt_tokens": 2**90}, {"latency_ms": float("nan")}, {"status": None}],
    ids=["just too large", "far too large", "not a number", "missing"],
)
def test_a_row_the_table_cannot_take_is_refused_and_none_is_written(
    store: Store, books: str, said: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        store.insert([entry(record()), entry(record(**said), spoken())])
    assert RequestLog.objects.using(books).count() == RequestBody.objects.using(books).count() == 0
    store.insert([entry(record())])


def test_a_refusal_does_not_quote_the_row(store: Store) -> None:
    with pytest.raises(Refused) as refused:
        store.insert([entry(record(prompt_tokens=2**90, user_id="a secret", status=None))])
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_it_knows_which_rows_are_there(store: Store) -> None:
    first, second = record(), record(identity(datetime(2026, 12, 31, tzinfo=UTC)))
    store.insert([entry(first), entry(second)])
    assert store.known([first.id, second.id, record().id]) == {first.id, second.id}


@pytest.mark.parametrize("instant", [datetime(2019, 2, 28, 23, 59, tzinfo=UTC), datetime(2031, 12, 31, tzinfo=UTC)])
def test_a_month_without_a_partition_gets_one(store: Store, books: str, instant: datetime) -> None:
    said = record(identity(instant))
    store.insert([entry(said, spoken()), entry(record())])
    assert row(books, said).created_at == instant


def test_a_check_that_a_row_fails_is_no_missing_month(postgres: Store) -> None:
    with connections["books"].cursor() as cursor:
        cursor.execute("ALTER TABLE analytics_requestlog ADD CONSTRAINT modest CHECK (retries < 5)")
    with pytest.raises(Refused, match="CheckViolation 23514"):
        postgres.insert([entry(record(retries=9))])


def test_a_table_that_is_not_there_yet_is_no_rows_fault(store: Store, books: str) -> None:
    with connections[books].cursor() as cursor:
        cursor.execute("ALTER TABLE analytics_requestlog RENAME TO gone")
    with pytest.raises(Away, match="analytics_requestlog"):
        store.insert([entry(record())])
    with connections[books].cursor() as cursor:
        cursor.execute("ALTER TABLE gone RENAME TO analytics_requestlog")
    store.insert([entry(record())])


def test_a_database_that_does_not_answer_is_away() -> None:
    with connected("nowhere", "postgres://postgres@127.0.0.1:1/nothing"):
        store = Store("nowhere")
        with pytest.raises(Away, match="OperationalError"):
            store.insert([entry(record())])
        store.close()


def test_a_connection_that_is_cut_is_away_and_then_made_anew(postgres: Store) -> None:
    postgres.insert([entry(record())])
    with connections["books"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(Away):
        postgres.insert([entry(record())])
    postgres.insert([entry(record())])
    assert RequestLog.objects.using("books").count() == 2


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.InterfaceError("the connection is closed"), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.UndefinedTable(), True),
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.QueryCanceled(), True),
        (psycopg.DataError("a string with NUL"), False),
        (psycopg.errors.ProgramLimitExceeded(), False),
        (psycopg.errors.StatementTooComplex(), False),
        (psycopg.errors.NotNullViolation(), False),
        (ValueError(), False),
    ],
    ids=lambda said: type(said).__name__,
)
def test_what_is_no_rows_fault_is_told_by_its_class(error: Exception, away: bool) -> None:
    assert is_away(error) == away


def test_a_table_that_was_altered_meanwhile_costs_one_more_try(postgres: Store) -> None:
    for _ in range(4):
        postgres.insert([entry(record())])
    with connections["books"].cursor() as cursor:
        cursor.execute("ALTER TABLE analytics_requestlog ADD COLUMN later integer")
    try:
        postgres.insert([entry(record())])
    except Away:
        postgres.insert([entry(record())])
    assert RequestLog.objects.using("books").count() == 5


def test_a_locked_table_is_away_not_for_ever(store: Store, books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.OPTIONS, "sqlite", {"timeout": 0.05})
    other = connections[books]
    with other.cursor() as cursor:
        if other.vendor == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        else:
            store.insert([entry(record())])
            store._connection._wrapper.connection.execute("SET lock_timeout = '50ms'")  # type: ignore[union-attr]  # a part that the test replaces
            cursor.execute("BEGIN; LOCK TABLE analytics_requestlog")
        with pytest.raises(Away):
            store.insert([entry(record())])
        cursor.execute("ROLLBACK")
    store.insert([entry(record())])


def test_its_connection_is_not_the_pools_and_gives_up_in_time(store: Store, books: str) -> None:
    connections.settings[books]["OPTIONS"] = {"pool": True, "options": "-c application_name=given"}
    if connections[books].vendor == "sqlite":
        connections.settings[books]["OPTIONS"] = {"timeout": 20}
    store.insert([entry(record())])
    assert store._connection._wrapper is not None
    options = store._connection._wrapper.settings_dict["OPTIONS"]
    assert "pool" not in options
    if connections[books].vendor == "sqlite":
        assert options["timeout"] == 5
    else:
        assert options["options"] == "-c application_name=given -c statement_timeout=10s -c lock_timeout=5s"
        assert options["tcp_user_timeout"] == 4000
    assert connections.settings[books]["OPTIONS"] != options


def test_it_makes_the_coming_months(store: Store) -> None:
    store.ensure_partitions()
