"""A process that records calls until it is killed, or recovers what others left; it says on stdout what it does."""

from __future__ import annotations

import asyncio
import os
import random
import sys

import django
from django.conf import settings

from llm.call import Attempt, Record, created_at, new_id

CONCURRENCY = 8


def say(word: str, what: object) -> None:
    """In one write, which a kill cannot cut."""
    os.write(1, f"{word} {what}\n".encode())


def departing() -> Record:
    identity = new_id()
    attempts = [Attempt("openai", "gpt-4o-mini")]
    return Record(id=identity, created_at=created_at(identity), attempts=attempts, key_id=1, reserved=5)


async def call(recorder: JournalRecorder) -> None:
    """The provider hears of a call only after the recorder, the caller of its end only after the recorder too."""
    while True:
        record = departing()
        recorder.depart(record)
        say("departed", record.id)
        await asyncio.sleep(random.uniform(0, 0.02))
        record.status, record.cost = "ok", 3
        await recorder.finish(record)
        say("answered", record.id)


async def record_calls() -> None:
    recorder = JournalRecorder(settings.JOURNAL_DIR)
    recorder.start()
    await asyncio.gather(*(call(recorder) for _ in range(CONCURRENCY)))


def say_recovered(records: list[Record], **_: object) -> None:
    for record in records:
        say("recovered", record.id)


def recover() -> None:
    """At a word from stdin, so that several begin at the same moment."""
    recorded.connect(say_recovered)
    say("ready", os.getpid())
    sys.stdin.readline()
    recorder = JournalRecorder(settings.JOURNAL_DIR)
    recorder.steward.tend()
    recorder.close()


if __name__ == "__main__":
    django.setup()
    from analytics.recorder import JournalRecorder
    from analytics.signals import recorded

    asyncio.run(record_calls()) if sys.argv[1] == "record" else recover()
