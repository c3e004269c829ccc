"""The way from the event loop to the database: a few threads, which hold a connection for one visit each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from llm.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(8, thread_name_prefix="store")


def visit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """What `work` finds; raises Unavailable where the database does not answer. Once begun it goes on to its end."""
    return asyncio.get_running_loop().run_in_executor(_threads, lambda: _visited(work, *args, **kwargs))


def _visited(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("The database is out of reach.", retry_after=2.0) from error
    finally:
        connection.close()
