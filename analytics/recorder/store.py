"""The recorder's own connection to the database: never the pool's, noticed within seconds when it is dead."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from analytics import partitions
from analytics.recorder.backlog import Entry
from analytics.recorder.engine import Engine
from analytics.recorder.postgres import Postgres
from analytics.recorder.sqlite import Sqlite

ENGINES: dict[str, Engine] = {"postgresql": Postgres(), "sqlite": Sqlite()}

T = TypeVar("T")


class Away(Exception):
    """The database cannot take rows now; the same ones may be written later."""


class RowRefused(Exception):
    """The database will never take one of these rows as it is."""


class Store:
    """For one thread: opened on first use, closed whenever the database is away. Raises `Away` and `RowRefused`."""

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias
        self._wrapper: BaseDatabaseWrapper | None = None

    def insert(self, entries: Sequence[Entry]) -> None:
        """All or, when it raises, none of them; those that are there already stay as they are."""
        self._guarded(lambda engine, wrapper: engine.insert(wrapper, entries))

    def known(self, identities: Sequence[UUID]) -> set[UUID]:
        """Those of `identities` that have a row."""
        return self._guarded(lambda engine, wrapper: engine.known(wrapper, identities))

    def ensure_partitions(self) -> None:
        self._guarded(lambda engine, wrapper: partitions.ensure(wrapper, partitions.coming(datetime.now(UTC))))

    def close(self) -> None:
        wrapper, self._wrapper = self._wrapper, None
        if wrapper is not None:
            with suppress(Exception):  # it is of no more use, whatever it says at its end
                wrapper.close()

    def _guarded(self, act: Callable[[Engine, BaseDatabaseWrapper], T]) -> T:
        wrapper = self._connected()
        engine = ENGINES[wrapper.vendor]
        try:
            return act(engine, wrapper)
        except Exception as error:  # noqa: BLE001 - each driver has a tree of errors of its own, and adapters raise plain ones
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            if not engine.is_away(cause):
                raise RowRefused(_named(cause)) from None
            self.close()
            raise Away(f"{_named(cause)}: {_first_line(cause)}") from None

    def _connected(self) -> BaseDatabaseWrapper:
        if self._wrapper is None:
            wrapper = _wrapper(self._alias)
            try:
                wrapper.connect()
            except Exception as error:  # noqa: BLE001 - as below; without a connection no row is to blame
                raise Away(f"{_named(error)}: {_first_line(error)}") from None
            self._wrapper = wrapper
        return self._wrapper


def _wrapper(alias: str) -> BaseDatabaseWrapper:
    settings = copy.deepcopy(connections.settings[alias])
    backend = load_backend(settings["ENGINE"])
    engine = ENGINES[backend.DatabaseWrapper.vendor]
    settings["OPTIONS"] = _merged(settings["OPTIONS"], engine.options)
    made: BaseDatabaseWrapper = backend.DatabaseWrapper(settings, alias)
    return made


def _merged(given: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """`options` are command-line switches of the server's: those given stay in force."""
    merged = {name: value for name, value in {**given, **ours}.items() if name != "pool"}
    if "options" in given and "options" in ours:
        merged["options"] = f"{given['options']} {ours['options']}"
    return merged


def _named(error: Exception) -> str:
    """Never the whole message: the server's details quote the row."""
    return " ".join(filter(None, (type(error).__name__, getattr(error, "sqlstate", None))))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
