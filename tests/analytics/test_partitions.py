"""The months of the log: made ahead, never twice, dropped whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from analytics import partitions
from analytics.models import RequestLog
from tests.analytics.conftest import connected
from tests.analytics.logbook import row, write

LOG, BODY = partitions.TABLES


@pytest.fixture
def postgres(migrated_postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock(), connected("books", migrated_postgres):
        yield connections["books"]


def present(connection: BaseDatabaseWrapper, table: str = LOG) -> list[str]:
    with connection.cursor() as cursor:
        return [name.removeprefix(f"{table}_") for name in partitions.present(cursor, table)]


def test_months_are_counted_over_the_years_end() -> None:
    assert partitions.later(date(2026, 11, 1), 2) == date(2027, 1, 1)
    assert partitions.later(date(2026, 1, 1), -13) == date(2024, 12, 1)
    assert partitions.coming(datetime(2026, 12, 31, tzinfo=UTC)) == [
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
    ]


def test_the_month_is_that_of_greenwich() -> None:
    east = timezone(timedelta(hours=9))
    assert partitions.month_of(datetime(2026, 12, 1, 3, tzinfo=east)) == date(2026, 11, 1)


def test_after_migrating_this_month_and_the_next_ones_are_there(postgres: BaseDatabaseWrapper) -> None:
    expected = [f"{month:%Y_%m}" for month in partitions.coming(datetime.now(UTC))]
    assert present(postgres) == present(postgres, BODY) == expected


def test_making_a_month_twice_or_at_the_same_time_is_harmless(
    postgres: BaseDatabaseWrapper, migrated_postgres: str
) -> None:
    failures: list[Exception] = []

    def ensure() -> None:
        try:
            for year in range(2000, 2004):
                partitions.ensure(connections["books"], [date(year, 5, 1)])
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)
        finally:
            connections["books"].close()

    together = [Thread(target=ensure) for _ in range(3)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert failures == []
    assert present(postgres)[:4] == ["2000_05", "2001_05", "2002_05", "2003_05"]


def test_it_is_no_more_than_a_part_of_a_transaction_around_it(postgres: BaseDatabaseWrapper) -> None:
    with transaction.atomic("books"):
        partitions.ensure(postgres, [date(2000, 1, 1)])
        transaction.set_rollback(True, "books")
    assert "2000_01" not in present(postgres)


def test_a_month_is_dropped_only_when_all_of_it_is_past(postgres: BaseDatabaseWrapper) -> None:
    write("books", *(row(datetime(2020, month, 28, tzinfo=UTC)) for month in (1, 2, 3)))
    dropped = partitions.drop_before(postgres, LOG, datetime(2020, 3, 31, 23, tzinfo=UTC))
    assert dropped == [f"{LOG}_2020_01", f"{LOG}_2020_02"]
    assert RequestLog.objects.using("books").count() == 1
    assert present(postgres)[0] == "2020_03"
    assert present(postgres, BODY)[0] == "2020_01"


def test_before_the_tables_are_made_there_is_nothing_to_do(
    empty_postgres: str, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), connected("empty", empty_postgres):
        partitions.ensure(connections["empty"], [date(2026, 1, 1)])


def test_the_migration_can_be_taken_back_and_made_again(postgres: BaseDatabaseWrapper) -> None:
    for target in ("zero", "0001"):
        call_command("migrate", "analytics", target, database="books", verbosity=0, skip_checks=True)
    assert len(present(postgres)) == partitions.AHEAD + 1


def test_the_table_is_partitioned_by_month_and_unique_by_id_and_instant(postgres: BaseDatabaseWrapper) -> None:
    with postgres.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relkind, pg_get_partkeydef(oid) FROM pg_class WHERE relname = ANY(%s)", [[LOG, BODY]]
        )
        assert set(cursor.fetchall()) == {(LOG, "p", "RANGE (created_at)"), (BODY, "p", "RANGE (created_at)")}
        found = postgres.introspection.get_constraints(cursor, LOG).values()
    assert ["id", "created_at"] in [one["columns"] for one in found if one["unique"]]
    assert not any(one["foreign_key"] for one in found)


def test_migrations_say_all_that_the_models_say(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        call_command("makemigrations", "analytics", check=True, dry_run=True, stdout=StringIO(), skip_checks=True)


def test_a_flush_empties_every_month(postgres: BaseDatabaseWrapper) -> None:
    write("books", row(datetime(2020, 1, 1, tzinfo=UTC)), row())
    call_command("flush", database="books", interactive=False, verbosity=0, skip_checks=True)
    assert RequestLog.objects.using("books").count() == 0
