"""Each part of a running installation, looked at briefly: one that is away or frozen holds up its own row alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.template.defaultfilters import filesizeformat
from django.utils.timesince import timesince

from analytics.recorder.recorder import Facts
from llm.wiring import active, clock, is_open, recorder
from webhooks.models import Delivery, State

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that a part may take to answer; all are asked at once."""
LATE = 180.0
"""Seconds after which a message that is due has been forgotten by everybody."""
QUEUE = "celery"
NOT_THERE = "404"
COUNTS = {
    "pending": "Waiting to be written",
    "in_flight": "Of calls in flight",
    "journal_failures": "Failures of the journal",
    "rows_spilled": "Left to the journal alone",
    "rows_recovered": "Recovered from dead processes",
    "rows_set_aside": "Set aside in a file",
    "bodies_dropped": "Written without what was said",
}

Health = Literal["ok", "warning", "failed"]


@dataclass(slots=True, frozen=True)
class Sounding:
    """A part, how it is, and what there is to say of it."""

    part: str
    state: Health
    said: str
    facts: tuple[tuple[str, str], ...] = ()


Look = Callable[[], Sounding]


def soundings() -> list[Sounding]:
    here: dict[str, Look] = {"Database": database, "Recorder": books, "Messages": messages}
    beside: dict[str, Look] = {**dict(_stores()), "Processes": processes, "Workers": workers, "Queue": queue}
    return [_looked(part, look) for part, look in here.items()] + in_time(beside, PATIENCE)


def _stores() -> Iterator[tuple[str, Look]]:
    yield "Redis", partial(store, "Redis", settings.REDIS_URL)
    if settings.CACHE_REDIS_URL != settings.REDIS_URL:
        yield "Redis of the cache", partial(store, "Redis of the cache", settings.CACHE_REDIS_URL)


def in_time(looks: dict[str, Look], seconds: float) -> list[Sounding]:
    """All at once, each in a thread that nobody has to wait for."""
    found = {part: Sounding(part, "failed", f"did not answer within {seconds:g} s") for part in looks}

    def look_at(part: str) -> None:
        found[part] = _looked(part, looks[part])

    threads = [threading.Thread(target=look_at, args=(part,), name="sounding", daemon=True) for part in looks]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return list(found.values())


def _looked(part: str, look: Look) -> Sounding:
    try:
        return look()
    except Exception as error:  # whatever is wrong with one part, the page shows the others
        log.exception("%s cannot be looked at", part)
        return Sounding(part, "failed", next(iter(str(error).splitlines()), "") or type(error).__name__)


def database() -> Sounding:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Sounding("Database", "ok", f"{connection.display_name}, answers in {_milliseconds(began)}")


def store(name: str, url: str) -> Sounding:
    if not url:
        return Sounding(name, "ok", "not used: one web process counts and caches for itself")
    began = time.monotonic()
    with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()
        took, told = _milliseconds(began), client.info("memory")
    return Sounding(name, "ok", f"answers in {took}", (("Memory", filesizeformat(told["used_memory"])),))


def books() -> Sounding:
    """Of this process alone: each has a recorder of its own."""
    if not is_open():
        return Sounding("Recorder", "warning", "this process has none")
    facts = recorder().facts
    well = recorder().alive and facts.journal_writable and facts.database_reachable
    state: Health = "failed" if facts.rows_lost else "ok" if well else "warning"
    return Sounding("Recorder", state, _said_of(facts), tuple(_counts(facts)))


def _said_of(facts: Facts) -> str:
    if facts.rows_lost:
        return "records were lost: journal, database and memory failed at once"
    if not facts.journal_writable:
        return "the journal cannot be written: a killed process would lose records"
    return "records are written" if facts.database_reachable else "the database is away: records wait"


def _counts(facts: Facts) -> list[tuple[str, str]]:
    return [(said, f"{getattr(facts, name):,}") for name, said in COUNTS.items()]


def messages() -> Sounding:
    counted = dict(Delivery.objects.order_by().values_list("state").annotate(Count("pk")))
    oldest = Delivery.objects.filter(state=State.WAITING).aggregate(due=Min("due_at"))["due"]
    late = (clock().now() - oldest).total_seconds() if oldest else 0.0
    facts = tuple((str(state.label), f"{counted.get(state, 0):,}") for state in State)
    if late > LATE:
        return Sounding("Messages", "warning", "some are due and nobody sends them: is beat running?", facts)
    return Sounding("Messages", "ok", "none is late", facts)


def processes() -> Sounding:
    found = active().processes()
    if found is None:
        return Sounding("Processes", "failed", "out of sight: Redis does not answer")
    facts = tuple((str(one), counted(one.calls, "call") + " in flight") for one in found)
    shared = f"{len(found):,} of the web and of workers"
    said = shared if settings.REDIS_URL else "this one; without Redis none knows of the others"
    return Sounding("Processes", "ok", said, facts)


def workers() -> Sounding:
    told: dict[str, Any] = current_app.control.inspect(timeout=PATIENCE / 2).stats() or {}
    if not told:
        return Sounding("Workers", "warning", "none answered: tasks wait, and so do alerts")
    facts = tuple((name, _work(stats)) for name, stats in sorted(told.items()))
    return Sounding("Workers", "ok", counted(len(told), "worker") + " answered", facts)


def _work(stats: dict[str, Any]) -> str:
    pool = stats.get("pool", {})
    done = sum(stats.get("total", {}).values())
    up = timesince(clock().now() - timedelta(seconds=stats.get("uptime", 0)), clock().now())
    return f"{pool.get('max-concurrency', '?')} at once, {counted(done, 'task')} taken, up for {up}"


def queue() -> Sounding:
    with current_app.connection_for_read(connect_timeout=1) as line:
        channel: Any = line.default_channel
        try:
            waiting = channel.queue_declare(QUEUE, passive=True).message_count
        except line.channel_errors as error:
            if str(getattr(error, "reply_code", "")) != NOT_THERE:
                raise
            waiting = 0  # in Redis, a queue in which nothing waits is none
    return Sounding("Queue", "ok", counted(waiting, "task") + " waiting for a worker")


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def worst(states: Collection[Health]) -> Health:
    return "failed" if "failed" in states else "warning" if "warning" in states else "ok"


def _milliseconds(began: float) -> str:
    return f"{max((time.monotonic() - began) * 1000, 1):.0f} ms"
