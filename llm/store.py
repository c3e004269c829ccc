"""The way from the event loop to the database: a few threads, which hold a connection for one visit each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error, connection

from llm.connection import is_away
from llm.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(8, thread_name_prefix="store")


def visit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """What `work` finds; raises Unavailable where the database cannot do it now, be it away, full, or only to be read.
    Once begun it goes on to its end."""
    return asyncio.get_running_loop().run_in_executor(_threads, lambda: _visited(work, *args, **kwargs))


def _visited(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return work(*args, **kwargs)
    except Error as error:
        if isinstance(error.__cause__, Exception) and is_away(error.__cause__):
            raise Unavailable("The database is out of reach.", retry_after=2.0) from error
        raise
    finally:
        connection.close()
