"""How each part is looked at, and what its absence means to callers."""

from __future__ import annotations

import asyncio

from analytics.recorder import JournalRecorder
from llm.catalog import Catalog
from llm.redis import GuardedRedis, StoreUnavailable
from llm.watch import Look, Trouble

LOOKED = "gatehouse:looked"
BEHIND = 1_000
"""Finished records in memory, a fifth of what there is room for, at which the recorder counts as behind."""

NO_RATES = Trouble("Redis is out of reach or full: each process counts alone, and grants its share of every limit.")
NO_CACHE = Trouble("The cache is out of reach or full: every call is a miss.")
NO_DATABASE = Trouble(
    "The database is out of reach: keys in use go on, records wait, hard budgets and idempotency keys are refused."
)
NO_KEYS = Trouble("The database has been out of reach for so long that no key counts any more.", stops=True)
NO_JOURNAL = Trouble("The journal cannot be written: a killed process would lose records.")
NO_RECORDER = Trouble("Nobody brings records to the database: they wait in the journal for another process.")
RECORDS_WAIT = Trouble("The database is slower than records come: they wait in memory.")


def redis(client: GuardedRedis, trouble: Trouble) -> Look:
    """Something is written, for a full one and a copy that is only to be read would answer all the same."""

    async def look() -> Trouble | None:
        try:
            await client.run("SET", LOOKED, 1, "PX", 1)
        except StoreUnavailable:
            return trouble
        return None

    return look


def database(catalog: Catalog, recorder: JournalRecorder) -> Look:
    async def look() -> Trouble | None:
        if not catalog.is_trusted():
            return NO_KEYS
        return None if catalog.is_reachable() and recorder.committer.reachable else NO_DATABASE

    return look


def journal(recorder: JournalRecorder) -> Look:
    """A disk that was full is tried again, beside the event loop, even if nobody calls."""

    async def look() -> Trouble | None:
        if recorder.journal.writable or await asyncio.to_thread(recorder.journal.probe):
            return None
        return NO_JOURNAL

    return look


def records(recorder: JournalRecorder) -> Look:
    async def look() -> Trouble | None:
        if not recorder.alive:
            return NO_RECORDER
        return RECORDS_WAIT if recorder.pending >= BEHIND else None

    return look
