"""Claims on idempotency keys, in the database: taken by one call, held by a lease, fenced by the call's id; and the
answer, which is kept under the claim for a day.

All of this waits for the database: call it off the event loop.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db import IntegrityError
from django.db.models import Q, QuerySet

from llm import vault
from llm.errors import InvalidField, Unauthenticated
from llm.models.claims import Claim
from llm.models.keys import ApiKey

HEADER = "Idempotency-Key"
LEASE = timedelta(seconds=12)
"""How long a claim outlives the last sign of life from the call that holds it."""
KEPT = timedelta(hours=24)
PURPOSE = "kept answers"
CHUNK = 1_000
"""Rows deleted in one transaction."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """`digest` tells idempotency keys apart, `fingerprint` what is asked under one. Both are SHA-256 in hex."""

    key_id: int
    digest: str
    fingerprint: str


@dataclass(slots=True, frozen=True)
class Held:
    """The right of one call to answer under a claim."""

    claim: int
    call: UUID


@dataclass(slots=True, frozen=True)
class Kept:
    """A whole answer as it went out, whatever its dialect."""

    headers: dict[str, str]
    body: bytes

    def seal(self) -> bytes:
        raw = orjson.dumps(self.headers) + b"\n" + self.body
        return vault.current(PURPOSE).seal_bytes(zlib.compress(raw, 1))

    @staticmethod
    def open(sealed: bytes) -> Kept:
        """Raises vault.Unopenable."""
        raw = zlib.decompress(vault.current(PURPOSE).open_bytes(sealed))
        headers, _, body = raw.partition(b"\n")
        return Kept(orjson.loads(headers), body)


def take(wanted: Wanted, call: UUID, now: datetime) -> Held | Kept | None:
    """The claim, or the answer that is kept under it; None while another call is at it.

    Raises InvalidField where the key stands for something else, Unauthenticated where the caller's own key is gone. A
    claim whose call has died, and one that has had its day, are as good as none.
    """
    fresh = {"fingerprint": wanted.fingerprint, "call": call, "held_until": now + LEASE}
    try:
        row, made = Claim.objects.get_or_create(key_id=wanted.key_id, digest=wanted.digest, defaults=fresh)
    except IntegrityError:
        if not ApiKey.objects.filter(pk=wanted.key_id).exists():
            raise Unauthenticated("This key is not known any more.") from None
        return None  # made and given up by another in the same moment: the next look will tell
    if made:
        return Held(row.pk, call)
    kept = _kept(row, now)
    if kept is None and (row.finished_at or row.held_until <= now):
        before = Claim.objects.filter(pk=row.pk, call=row.call, held_until=row.held_until, finished_at=row.finished_at)
        return Held(row.pk, call) if before.update(**fresh, answer=None, finished_at=None) else None
    if row.fingerprint != wanted.fingerprint:
        raise InvalidField(
            f"This {HEADER} was used for another request.",
            param=HEADER,
            code="idempotency_key_reused",
            hint="Send a new one with every new request, and the old one only to repeat the same request.",
        )
    return kept


def _kept(row: Claim, now: datetime) -> Kept | None:
    """None, too, where the key it was sealed under is gone."""
    if row.answer is None or row.finished_at is None or row.finished_at + KEPT <= now:
        return None
    try:
        return Kept.open(bytes(row.answer))
    except vault.Unopenable:
        return None


def renew(held: Held, now: datetime) -> bool:
    """False where the claim is another's by now."""
    return bool(_mine(held).update(held_until=now + LEASE))


def keep(held: Held, answer: Kept, now: datetime) -> bool:
    """False where the claim was another's by then, and nothing is kept."""
    return bool(_mine(held).update(answer=answer.seal(), finished_at=now, held_until=now))


def release(held: Held) -> None:
    """Nothing came of it: who asks again starts anew."""
    _mine(held).delete()


def prune(now: datetime) -> int:
    """Deletes what has had its day, and what dead calls left; says how many."""
    old = Q(held_until__lte=now - KEPT)
    deleted = 0
    while found := list(Claim.objects.filter(old).values_list("pk", flat=True)[:CHUNK]):
        deleted += Claim.objects.filter(old, pk__in=found).delete()[0]
    return deleted


def _mine(held: Held) -> QuerySet[Claim]:
    return Claim.objects.filter(pk=held.claim, call=held.call, finished_at=None)
