"""Claims in the database: who gets one, how it is lost, and what becomes of the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from llm import claims, vault
from llm.claims import KEPT, LEASE, Held, Kept, Wanted
from llm.errors import InvalidField, Unauthenticated
from llm.models import ApiKey, Claim, Organisation

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANSWER = Kept({"x-request-id": "gen_1"}, b'{"content":"\xc3\xa9"}\nmore\n')
MOMENT = timedelta(seconds=1)


@pytest.fixture
def wanted() -> Wanted:
    organisation = Organisation.objects.create(name="acme")
    key = ApiKey.objects.create(name="tests", organisation=organisation)
    return Wanted(key.pk, "d" * 64, "f" * 64)


def taken(wanted: Wanted, call: UUID, now: datetime = NOW) -> Held:
    held = claims.take(wanted, call, now)
    assert isinstance(held, Held)
    return held


def test_the_first_gets_it_and_the_next_waits(wanted: Wanted) -> None:
    taken(wanted, uuid4())
    assert claims.take(wanted, uuid4(), NOW) is None


def test_an_answer_is_kept_to_the_byte_for_a_day(wanted: Wanted) -> None:
    assert claims.keep(taken(wanted, uuid4()), ANSWER, NOW)
    assert claims.take(wanted, uuid4(), NOW) == ANSWER
    assert claims.take(wanted, uuid4(), NOW + KEPT - MOMENT) == ANSWER
    taken(wanted, uuid4(), NOW + KEPT)


def test_it_stands_for_one_request_while_it_runs_and_while_its_answer_is_kept(wanted: Wanted) -> None:
    other = Wanted(wanted.key_id, wanted.digest, "e" * 64)
    held = taken(wanted, uuid4())
    with pytest.raises(InvalidField) as running:
        claims.take(other, uuid4(), NOW)
    assert (running.value.code, running.value.param) == ("idempotency_key_reused", "Idempotency-Key")
    claims.keep(held, ANSWER, NOW)
    with pytest.raises(InvalidField):
        claims.take(other, uuid4(), NOW)
    taken(other, uuid4(), NOW + KEPT)


def test_what_is_released_is_anybodys(wanted: Wanted) -> None:
    claims.release(taken(wanted, uuid4()))
    taken(Wanted(wanted.key_id, wanted.digest, "e" * 64), uuid4())


def test_who_shows_no_sign_of_life_loses_it_and_its_late_answer_is_not_kept(wanted: Wanted) -> None:
    dead = taken(wanted, uuid4())
    assert claims.renew(dead, NOW + LEASE / 2)
    assert claims.take(wanted, uuid4(), NOW + LEASE) is None
    heir = taken(wanted, uuid4(), NOW + LEASE * 1.5)
    assert not claims.renew(dead, NOW)
    assert not claims.keep(dead, ANSWER, NOW)
    claims.release(dead)
    assert claims.keep(heir, ANSWER, NOW + LEASE * 2)


def test_one_alone_takes_over(wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen the same dead claim; the first to write wins."""
    taken(wanted, uuid4())
    seen = Claim.objects.get()
    later = NOW + LEASE
    heir = taken(wanted, uuid4(), later)
    monkeypatch.setattr(Claim.objects, "get_or_create", lambda **_: (seen, False))
    assert claims.take(wanted, uuid4(), later) is None
    assert claims.renew(heir, later)


def test_what_was_sealed_under_a_key_that_is_gone_counts_as_never_asked(wanted: Wanted, settings: Settings) -> None:
    claims.keep(taken(wanted, uuid4()), ANSWER, NOW)
    sealed = bytes(Claim.objects.get().answer or b"")
    assert b"content" not in sealed
    assert Kept.open(sealed) == ANSWER
    settings.SECRETS_KEYS = ["A" * 43 + "="]
    with pytest.raises(vault.Unopenable):
        Kept.open(sealed)
    taken(wanted, uuid4())


@pytest.mark.django_db(transaction=True)
def test_who_asks_with_a_key_that_was_just_deleted_is_told_so(wanted: Wanted) -> None:
    """It is in use for some seconds more."""
    ApiKey.objects.all().delete()
    with pytest.raises(Unauthenticated):
        claims.take(wanted, uuid4(), NOW)


def test_what_has_had_its_day_is_deleted(wanted: Wanted) -> None:
    claims.keep(taken(wanted, uuid4(), NOW - MOMENT), ANSWER, NOW)
    taken(Wanted(wanted.key_id, "c" * 64, wanted.fingerprint), uuid4())
    assert claims.prune(NOW + KEPT - MOMENT) == 0
    assert claims.prune(NOW + KEPT) == 1
    assert claims.prune(NOW + KEPT + LEASE) == 1
    assert Claim.objects.count() == 0
