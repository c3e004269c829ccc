"""Changes of prompts: each a transaction of its own, or many that are one.

In a bundle a row is read and locked once, and the registry's stamp is raised at the end: its lock, for which every
other change of the registry waits, is held for the moment of the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from itertools import islice
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from llm.models.stamp import RegistryStamp
from prompts.models import Prompt

IN_ONE_QUERY = 1_000

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Bundle:
    """The rows that it holds, by id, and the ids of those that processes are to read anew."""

    rows: dict[int, Prompt] = field(default_factory=dict)
    shelved: set[int] = field(default_factory=set)


_bundle: ContextVar[Bundle | None] = ContextVar("bundle", default=None)


@contextmanager
def bundled() -> Iterator[None]:
    """All changes inside become one; what fails inside fails all of it. One inside another is part of it."""
    if _bundle.get() is not None:
        with transaction.atomic():
            yield
        return
    token = _bundle.set(bundle := Bundle())
    try:
        with transaction.atomic():
            yield
            if bundle.shelved and not transaction.get_rollback():
                _stamp(bundle.shelved)
    finally:
        _bundle.reset(token)


def atomic(change: Callable[P, T]) -> Callable[P, T]:
    """A transaction; in a bundle the bundle's, without a savepoint."""
    alone = transaction.atomic(change)

    @wraps(change)
    def changed(*args: P.args, **kwargs: P.kwargs) -> T:
        return (alone if _bundle.get() is None else change)(*args, **kwargs)

    return changed


def held(prompt: Prompt) -> Prompt:
    """The row as it is now, nobody else's until the transaction ends."""
    rows = bundle.rows if (bundle := _bundle.get()) else {}
    if prompt.pk not in rows:
        whole = Prompt.objects.select_for_update(of=("self",)).select_related("organisation")
        rows[prompt.pk] = whole.get(pk=prompt.pk)
    return rows[prompt.pk]


def hold_all(prompts: QuerySet[Prompt]) -> None:
    """At the beginning of a bundle, in the order of all: else two bundles could wait for each other's rows."""
    if bundle := _bundle.get():
        whole = prompts.order_by("pk").select_for_update(of=("self",)).select_related("organisation")
        bundle.rows |= {row.pk: row for row in whole if row.pk not in bundle.rows}


def hold(prompt: Prompt) -> None:
    """A row that was made just now is held as it is."""
    if bundle := _bundle.get():
        bundle.rows[prompt.pk] = prompt


def shelve(prompt: Prompt) -> None:
    """Have every process read anew what callers get of `prompt`; near the end of a transaction, since it locks all."""
    if bundle := _bundle.get():
        bundle.shelved.add(prompt.pk)
    else:
        prompt.stamp = _stamp([prompt.pk])


def _stamp(prompts: Iterable[int]) -> int:
    RegistryStamp.bump("prompts")
    stamp, left = RegistryStamp.read().prompts, iter(prompts)
    while chunk := list(islice(left, IN_ONE_QUERY)):
        Prompt.objects.filter(pk__in=chunk).update(stamp=stamp)
    return stamp
