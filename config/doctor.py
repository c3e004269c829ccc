"""What is well and what is not: each part of an installation looked at, and the mend named where one is needed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Literal

import psycopg
import redis
from django.conf import settings
from django.core import checks
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError as BrokerError

from config.celery import app
from llm.addresses import host_of
from llm.errors import ProviderError
from llm.mends import mend
from llm.models import ApiKey, Provider, SecretsMismatch, verify_fingerprint
from llm.models.frozen import KEYLESS, load_snapshot
from llm.registry import ProviderSpec
from llm.wiring import probe
from webhooks.models import Webhook
from webhooks.signing import BadSecret

PATIENCE = 3
"""Seconds that a part may take to answer."""
SKEW = timedelta(seconds=2)
LEAST_FREE = 1024**3
SHORTEST_SECRET = 32

State = Literal["ok", "warning", "failed"]


@dataclass(slots=True, frozen=True)
class Finding:
    """One part and its state; `fix` says what to do where it is not ok."""

    part: str
    state: State
    said: str
    fix: str = ""


Look = Callable[[], Iterator[Finding]]


def database() -> Iterator[Finding]:
    began = monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield Finding("database", "failed", _refused() or _line(error), "Start it, or mend DATABASE_URL.")
        return
    took = (monotonic() - began) * 1000
    yield Finding("database", "ok", f"{connection.vendor}, answers in {took:.0f} ms")
    yield _migrations()
    if connection.vendor == "postgresql":
        yield _clock("clock of the database", _database_time())


def _refused() -> str:
    """What PostgreSQL itself says: the pool tells of its own waiting alone."""
    if connection.vendor != "postgresql":
        return ""
    try:
        psycopg.connect(settings.DATABASE_URL, connect_timeout=PATIENCE).close()
    except psycopg.Error as error:
        return _line(error)
    return ""


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return Finding("migrations", "failed", f"{len(waiting)} have not run", "manage.py migrate")
    return Finding("migrations", "ok", "all have run")


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (instant,) = cursor.fetchone()
    return instant.astimezone(UTC)  # type: ignore[no-any-return]  # a cursor's rows have no types


def _clock(part: str, instant: datetime) -> Finding:
    skew = abs(datetime.now(UTC) - instant)
    if skew > SKEW:
        return Finding(part, "failed", f"{skew.total_seconds():.1f} s from this machine's", "Run NTP on both.")
    return Finding(part, "ok", "agrees with this machine's")


def stores() -> Iterator[Finding]:
    """Redis for limits and news, and for the cache where that is another one."""
    named = {"REDIS_URL": settings.REDIS_URL, "CACHE_REDIS_URL": settings.CACHE_REDIS_URL}
    if not settings.REDIS_URL:
        yield Finding("REDIS_URL", "ok", "not set: one web process counts for itself")
    for name, url in named.items():
        if url and not (name == "CACHE_REDIS_URL" and url == settings.REDIS_URL):
            yield from _store(name, url)


def _store(name: str, url: str) -> Iterator[Finding]:
    client = redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        began = monotonic()
        seconds, micros = client.time()
        took = (monotonic() - began) * 1000
    except redis.RedisError as error:
        yield Finding(name, "failed", _line(error), f"Start it, or mend {name}.")
        return
    finally:
        client.close()
    yield Finding(name, "ok", f"answers in {took:.0f} ms")
    yield _clock(f"clock of {name}", datetime.fromtimestamp(seconds + micros / 1_000_000, UTC))


def work() -> Iterator[Finding]:
    """The broker, and whether anybody takes tasks from it."""
    scheme = settings.CELERY_BROKER_URL.partition(":")[0]
    try:
        with app.connection_for_write(connect_timeout=PATIENCE) as line:
            line.ensure_connection(max_retries=1, timeout=PATIENCE)
        workers = app.control.ping(timeout=PATIENCE)
    except (BrokerError, OSError) as error:
        yield Finding("broker", "failed", _line(error), "Start it, or mend CELERY_BROKER_URL.")
        return
    yield Finding("broker", "ok", scheme)
    if workers:
        yield Finding("worker", "ok", f"{len(workers)} answered")
    else:
        yield Finding("worker", "warning", "none answered", "celery --app config.celery worker")


def secrets() -> Iterator[Finding]:
    if len(settings.SECRET_KEY) < SHORTEST_SECRET or len(set(settings.SECRET_KEY)) < 5:
        yield Finding("SECRET_KEY", "failed", "short or monotonous", "Set 50 random characters, or unset it.")
    try:
        verify_fingerprint()
    except SecretsMismatch as mismatch:
        yield Finding("secrets", "failed", "not those of this database", str(mismatch))
    else:
        yield Finding("secrets", "ok", "those of this database")
    if not ApiKey.objects.filter(disabled=False).exists():
        yield Finding("keys", "warning", "no key lets anybody in", "manage.py create_key NAME")


def journal() -> Iterator[Finding]:
    folder = Path(settings.JOURNAL_DIR)
    if not os.access(folder, os.W_OK):
        yield Finding("journal", "failed", f"{folder} cannot be written", "Give it to the user of the server.")
        return
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free > LEAST_FREE else "warning"
    yield Finding("journal", state, f"{free / 1024**3:.1f} GB free", "" if state == "ok" else "Make room on its disk.")


def configuration() -> Iterator[Finding]:
    """Django's own checks, ours among them."""
    for message in checks.run_checks():
        if message.level >= checks.WARNING:
            state: State = "failed" if message.level >= checks.ERROR else "warning"
            yield Finding(message.id or "settings", state, message.msg, message.hint or "")


def providers() -> Iterator[Finding]:
    """Every provider that could be asked, asked."""
    specs = [spec for spec in load_snapshot(0).providers.values() if spec.secret or spec.kind in KEYLESS]
    secretless = Provider.objects.exclude(name__in=[spec.name for spec in specs])
    for name in secretless.values_list("name", flat=True):
        yield Finding(f"provider {name}", "warning", "has no secret", "Enter it in the admin, or in a registry file.")
    yield from asyncio.run(_asked(specs))


async def _asked(specs: list[ProviderSpec]) -> list[Finding]:
    return await asyncio.gather(*map(_provider, specs))


async def _provider(spec: ProviderSpec) -> Finding:
    part, began = f"provider {spec.name}", monotonic()
    try:
        found = await probe(spec)
    except ProviderError as error:
        return Finding(part, "failed", error.message, mend(error))
    took = (monotonic() - began) * 1000
    return Finding(part, "ok", f"{len(found.models)} models in {took:.0f} ms")


def webhooks() -> Iterator[Finding]:
    """Each one's address and secret, judged and not called."""
    for webhook in Webhook.objects.all():
        part = f"webhook {host_of(webhook.url) or webhook.pk}"
        try:
            webhook.clean()
            webhook.signers(datetime.now(UTC))
        except ValidationError as refused:
            yield Finding(part, "failed", " ".join(refused.messages), "Mend it in the admin.")
        except BadSecret as refused:
            yield Finding(part, "failed", str(refused), "Make a new secret in the admin.")
        else:
            because = webhook.disabled_because
            fix = "Enable it in the admin once it takes messages again." if because else ""
            yield Finding(part, "warning" if because else "ok", because or "its address may be called", fix)


PARTS: tuple[Look, ...] = (database, secrets, stores, work, journal, configuration, providers, webhooks)
NEED_DATABASE: frozenset[Look] = frozenset({secrets, providers, webhooks})


def examine() -> Iterator[Finding]:
    """All parts in turn; those that need the database are left out while it is not well."""
    well = True
    for look in PARTS:
        if not well and look in NEED_DATABASE:
            continue
        for finding in look():
            well = well and not (look is database and finding.state == "failed")
            yield finding


def _line(error: Exception) -> str:
    """The first line of what a driver says, its class where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
