"""The recorder's statements, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from analytics import partitions
from analytics.recorder.backlog import Entry
from analytics.recorder.engine import Engine
from analytics.recorder.postgres import Postgres
from analytics.recorder.sqlite import Sqlite
from llm.connection import OwnConnection
from llm.ledger import alerts, sweep
from llm.ledger.books import Alert

ENGINES: dict[str, Engine] = {"postgresql": Postgres(), "sqlite": Sqlite()}


class Store:
    """For one thread. Raises `Away` and `Refused`."""

    def __init__(self, alias: str = "default") -> None:
        self._connection = OwnConnection(alias)

    def insert(self, entries: Sequence[Entry]) -> None:
        """All or, when it raises, none of them; those that are there already stay as they are."""
        self._settle(lambda wrapper: ENGINES[wrapper.vendor].insert(wrapper, entries))

    def known(self, identities: Sequence[UUID]) -> set[UUID]:
        """Those of `identities` that have a row."""
        return self._connection.run(lambda wrapper: ENGINES[wrapper.vendor].known(wrapper, identities))

    def release(self, journal: str) -> None:
        """What a dead process had set aside for calls of which no row will speak."""
        self._settle(lambda wrapper: sweep.release(wrapper, journal))

    def expire(self) -> None:
        """What was set aside so long ago that nobody is left to settle it is spent."""
        self._settle(lambda wrapper: sweep.expire(wrapper, datetime.now(UTC)))

    def ensure_partitions(self) -> None:
        self._connection.run(lambda wrapper: partitions.ensure(wrapper, partitions.coming(datetime.now(UTC))))

    def _settle(self, act: Callable[[BaseDatabaseWrapper], list[Alert]]) -> None:
        """What moves money; whoever is to hear of that is told after the commit."""
        alerts.announce(self._connection.run(act), self._connection.alias)

    def close(self) -> None:
        self._connection.close()
