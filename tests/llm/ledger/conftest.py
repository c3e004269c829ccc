"""An organisation with a key, its ledger and its log, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import Sum
from pytest_django import DjangoDbBlocker

from analytics.models import RequestBody, RequestLog
from analytics.recorder.store import Store
from llm.call import Attempt, Call, Caller, new_id
from llm.errors import BudgetExceeded
from llm.ledger import DatabaseLedger
from llm.models import ApiKey, Budget, BudgetWindow, Organisation, RegistryStamp, Reservation, Team
from llm.models.frozen import _caller
from tests import databases
from tests.analytics.conftest import connected
from tests.analytics.records import entry
from tests.llm.doubles import request

DOLLAR = 10**12
JOURNAL = "0" * 32


class WallClock:
    """Now, moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return self.ahead.total_seconds()


class Till:
    """One process: its ledger, and the store that its recorder writes with."""

    def __init__(self, alias: str, journal: str = JOURNAL) -> None:
        self.alias, self.journal = alias, journal
        self.clock = WallClock()
        self.ledger = DatabaseLedger(lambda: self.journal, self.clock, alias=alias)
        self.store = Store(alias)

    def close(self) -> None:
        self.ledger.close()
        self.store.close()

    def call(self, caller: Caller, *, user: str | None = None, tags: dict[str, str] | None = None) -> Call:
        asked = request()
        asked.metadata.user_id, asked.metadata.tags = user, tags or {}
        return Call(new_id(), asked, caller, "json", 0.0)

    async def cover(self, call: Call, dollars: float | None) -> bool:
        """Whether it was granted."""
        try:
            await self.ledger.cover(call, None if dollars is None else round(dollars * DOLLAR))
        except BudgetExceeded:
            return False
        return True

    def settle(self, *calls: Call, cost: float | None = 0) -> None:
        for call in calls:
            call.record.cost = None if cost is None else round(cost * DOLLAR)
            call.record.attempts = [Attempt("openai", "m")] if cost != 0 else []
        self.store.insert([entry(call.record) for call in calls])


class Firm:
    """Who spends, and what the books say of it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.organisation = Organisation.objects.using(alias).create(name="acme")
        self.team = self.organisation.teams.create(name="web")
        self.key = ApiKey.objects.using(alias).create(name="frontend", organisation=self.organisation, team=self.team)

    def budget(self, dollars: float, **said: Any) -> Budget:
        defaults = {"scope": "key", "period": "month"}
        fields = {**defaults, **said}
        if fields["scope"] in ("key", "team"):
            fields.setdefault(fields["scope"], getattr(self, fields["scope"]))
        return Budget.objects.using(self.alias).create(
            organisation=self.organisation, amount=round(dollars * DOLLAR), **fields
        )

    @property
    def caller(self) -> Caller:
        keys = ApiKey.objects.using(self.alias).select_related("organisation", "team")
        return _caller(keys.prefetch_related("organisation__budgets").get(pk=self.key.pk))

    def windows(self) -> dict[tuple[str, str], tuple[float, float]]:
        """(spent, reserved) in dollars, by scope and value."""
        rows = BudgetWindow.objects.using(self.alias).select_related("budget")
        return {
            (row.budget.scope, row.value): (row.spent / DOLLAR, row.reserved / DOLLAR) for row in rows.order_by("pk")
        }

    def money(self) -> tuple[float, float]:
        """(spent, reserved) of the only window."""
        (found,) = self.windows().values()
        return found

    def reservations(self) -> int:
        return Reservation.objects.using(self.alias).count()

    def cost(self) -> float:
        """What all rows cost together."""
        return (RequestLog.objects.using(self.alias).aggregate(sum=Sum("cost"))["sum"] or 0) / DOLLAR


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """The alias of a migrated database; a test that asks for it runs once on each."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path_factory.mktemp("ledger") / "books.sqlite3"
            url = f"sqlite:///{shutil.copy(databases.migrated_sqlite(), path)}"
        else:
            url = stack.enter_context(databases.migrated_postgres())
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(connected("books", url))
        yield "books"


@pytest.fixture
def books(database: str) -> Iterator[str]:
    """As `database`, with nothing in its tables that these tests write."""
    yield database
    connections[database].close()  # a test may have killed it
    with connections[database].cursor() as cursor:
        for model in (Reservation, BudgetWindow, Budget, ApiKey, Team, Organisation, RequestBody, RequestLog):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")


@pytest.fixture
def firm(books: str, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """The registry's stamp lies in another database, and nobody here reads it."""
    monkeypatch.setattr(RegistryStamp, "bump", lambda counter: None)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    return Firm(books)


@pytest.fixture
def till(books: str) -> Iterator[Till]:
    made = Till(books)
    yield made
    made.close()
