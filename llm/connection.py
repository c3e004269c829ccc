"""A thread's own connection to the database: never the pool's, noticed within seconds when it is dead."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

T = TypeVar("T")


class Away(Exception):
    """The database cannot take this now; the same may succeed later."""


class Refused(Exception):
    """The database will never take this as it is."""


OPTIONS: dict[str, Mapping[str, Any]] = {
    "postgresql": {
        "connect_timeout": 3,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": 4000,
        "options": "-c statement_timeout=10s -c lock_timeout=5s",
        "server_side_binding": True,
        "prepare_threshold": 2,
    },
    "sqlite": {"timeout": 5},
}
"""A server that is gone is noticed within seconds; one that is frozen, or another writer on SQLite, holds up nothing
but this connection."""

AWAY = frozenset({"08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58"})
"""SQLSTATE classes no row is to blame for: connection, a plan grown stale, rights, a missing table, locks, shutdown."""


class OwnConnection:
    """For one thread: opened on first use, closed whenever the database is away."""

    def __init__(self, alias: str = "default") -> None:
        self.alias = alias
        self._wrapper: BaseDatabaseWrapper | None = None

    def run(self, act: Callable[[BaseDatabaseWrapper], T]) -> T:
        """What `act` makes of the connection. Raises `Away` and `Refused` in place of the driver's errors."""
        wrapper = self._connected()
        try:
            return act(wrapper)
        except Exception as error:  # noqa: BLE001 - each driver has a tree of errors of its own, and adapters raise plain ones
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            if not is_away(cause):
                raise Refused(_named(cause)) from None
            self.close()
            raise Away(f"{_named(cause)}: {_first_line(cause)}") from None

    def close(self) -> None:
        wrapper, self._wrapper = self._wrapper, None
        if wrapper is not None:
            with suppress(Exception):  # it is of no more use, whatever it says at its end
                wrapper.close()

    def _connected(self) -> BaseDatabaseWrapper:
        if self._wrapper is None:
            wrapper = _wrapper(self.alias)
            try:
                wrapper.connect()
            except Exception as error:  # noqa: BLE001 - as above; without a connection nobody is to blame
                raise Away(f"{_named(error)}: {_first_line(error)}") from None
            self._wrapper = wrapper
        return self._wrapper


@contextmanager
def transaction(wrapper: BaseDatabaseWrapper) -> Iterator[None]:
    """On SQLite it has the writers' lock from its beginning. Whatever goes wrong, none is left open."""
    connection = wrapper.connection
    connection.execute("BEGIN IMMEDIATE" if wrapper.vendor == "sqlite" else "BEGIN")
    try:
        yield
        connection.commit()
    except BaseException:  # whatever it was, the next one must find no transaction open
        with suppress(Exception):  # a dead connection has none
            connection.rollback()
        raise


def is_away(error: Exception) -> bool:
    """Whether the same statement may succeed later: no row is to blame."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:
            return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return error.sqlstate[:2] in AWAY
    ours = sqlite3.DataError | sqlite3.IntegrityError | sqlite3.ProgrammingError
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, ours)


def _wrapper(alias: str) -> BaseDatabaseWrapper:
    settings = copy.deepcopy(connections.settings[alias])
    backend = load_backend(settings["ENGINE"])
    settings["OPTIONS"] = _merged(settings["OPTIONS"], OPTIONS[backend.DatabaseWrapper.vendor])
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
