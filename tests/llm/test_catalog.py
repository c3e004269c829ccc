from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from llm import catalog as module
from llm.catalog import Catalog
from llm.client_tokens import Grant
from llm.errors import Unavailable
from llm.models import ApiKey, Organisation, RegistryStamp
from llm.models.frozen import load_callers
from llm.registry import Snapshot
from llm.vault import digest
from tests.llm import rows
from tests.llm.costs import cost
from tests.llm.doubles import HandClock
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def catalog(clock: HandClock) -> Iterator[Catalog]:
    made = Catalog(clock)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Every question put to the store for keys."""
    asked: list[set[str]] = []

    def count(digests: Any) -> Any:
        if digests:
            asked.append(set(digests))
        return load_callers(digests)

    monkeypatch.setattr(module, "load_callers", count)
    return asked


def break_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> tuple[int, int]:
        raise OperationalError("the store is away")

    monkeypatch.setattr(RegistryStamp, "read", fail)


MANY = 3_000
PEPPER = b"p" * 32


class TestHolders:
    """Keys by their ids, for code that was never told the secret."""

    async def test_a_key_is_found_by_its_id_and_follows_its_row(self, catalog: Catalog) -> None:
        row, secret = await asyncio.to_thread(rows.key, "backend")

        assert await catalog.holder(row.pk) == await catalog.lookup(secret)

        row.disabled = True
        await asyncio.to_thread(row.save)
        assert await catalog.holder(row.pk) is None
        assert await catalog.holder(row.pk + 1) is None

    async def test_a_known_one_needs_no_store(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        row, _ = await asyncio.to_thread(rows.key, "backend")
        assert await catalog.holder(row.pk) is not None

        break_the_store(monkeypatch)

        assert await catalog.holder(row.pk) is not None
        with pytest.raises(Unavailable):
            await catalog.holder(row.pk + 1)


class TestClientTokens:
    def test_a_token_is_looked_up_as_the_key_behind_it(self, catalog: Catalog, clock: HandClock) -> None:
        _, secret = rows.key("backend")
        catalog.lookup_sync(secret)
        token = Grant(catalog.digest_of(secret), "u-1", clock.now() + timedelta(minutes=15)).sealed()
        elsewhere = Catalog(clock)
        assert elsewhere.known(token) is None

        caller = elsewhere.lookup_sync(token)

        assert caller is not None
        assert (caller.key_name, caller.user_id) == ("backend", "u-1")
        assert elsewhere.known(token) is caller
        elsewhere.stop()

    def test_a_token_of_a_key_that_is_gone_opens_nothing(self, catalog: Catalog, clock: HandClock) -> None:
        row, secret = rows.key("backend")
        catalog.lookup_sync(secret)
        token = Grant(catalog.digest_of(secret), "u-1", clock.now() + timedelta(minutes=15)).sealed()
        assert catalog.known(token) is not None

        row.delete()

        assert catalog.lookup_sync(token) is None

    @pytest.mark.alone
    def test_a_known_token_is_opened_once_whatever_else_is_held(self, catalog: Catalog, clock: HandClock) -> None:
        _, secret = rows.key("backend")
        catalog.lookup_sync(secret)
        until = clock.now() + timedelta(minutes=15)
        tokens = [Grant(catalog.digest_of(secret), f"u-{user}", until).sealed() for user in range(MANY)]
        assert all(catalog.known(token) for token in tokens)

        seconds = cost(lambda: catalog.known(tokens[-1]))

        assert seconds < 3 * cost(lambda: digest(secret, PEPPER))


class TestKeys:
    def test_a_key_is_unknown_until_looked_up(self, catalog: Catalog) -> None:
        _, secret = rows.key("frontend")
        assert catalog.known(secret) is None
        caller = catalog.lookup_sync(secret)
        assert caller is not None
        assert caller.key_name == "frontend"
        assert catalog.known(secret) is caller

    async def test_async_callers_have_the_same_lookup(self, catalog: Catalog) -> None:
        _, secret = await asyncio.to_thread(rows.key, "frontend")
        caller = await catalog.lookup(secret)
        assert caller is not None
        assert caller.key_name == "frontend"

    @pytest.mark.alone
    def test_a_known_key_costs_little_more_than_its_digest_whatever_else_is_held(self, catalog: Catalog) -> None:
        _, secret = rows.key()
        caller = catalog.lookup_sync(secret)
        assert caller is not None
        catalog._callers = {f"{number:064x}": caller for number in range(MANY)} | catalog._callers

        seconds = cost(lambda: catalog.known(secret))

        assert seconds < 4 * cost(lambda: digest(secret, PEPPER))

    def test_a_disabled_key_is_out_when_the_commit_returns(self, catalog: Catalog) -> None:
        key, secret = rows.key()
        catalog.lookup_sync(secret)
        key.disabled = True
        key.save()
        assert catalog.known(secret) is None
        assert catalog.lookup_sync(secret) is None

    def test_an_edited_key_is_new_when_the_commit_returns(self, catalog: Catalog) -> None:
        key, secret = rows.key()
        catalog.lookup_sync(secret)
        key.requests_per_minute = 7
        key.save()
        caller = catalog.known(secret)
        assert caller is not None
        assert caller.limits.requests_per_minute == 7

    def test_a_key_expires_on_the_clock_without_a_question(self, catalog: Catalog, clock: HandClock) -> None:
        """The clock of the test stands in the past, so that the store's own check passes."""
        expires = datetime.now(UTC) + timedelta(hours=1)
        _, secret = rows.key(expires_at=expires)
        assert catalog.lookup_sync(secret) is not None
        clock.seconds += (expires - clock.now()).total_seconds()
        assert catalog.known(secret) is None

    def test_a_former_secret_stops_at_its_instant_without_a_restart(self, catalog: Catalog, clock: HandClock) -> None:
        """The clock of the test stands in the past, so that the store's own check passes at every visit."""
        key, former = rows.key()
        new = key.rotate(timedelta(hours=1))
        key.save()
        assert key.former_until is not None
        assert catalog.lookup_sync(former) is not None
        clock.seconds += (key.former_until - clock.now()).total_seconds() - 1
        assert catalog.lookup_sync(new) is not None
        assert catalog.known(former) is not None
        clock.seconds += 1
        assert catalog.known(former) is None
        assert catalog.known(new) is not None

    def test_a_secret_in_use_goes_on_when_its_key_is_rotated(self, catalog: Catalog) -> None:
        key, former = rows.key()
        catalog.lookup_sync(former)
        key.rotate(timedelta(hours=1))
        key.save()
        assert catalog.known(former) is not None

    def test_without_an_overlap_the_former_secret_is_out_when_the_commit_returns(self, catalog: Catalog) -> None:
        key, former = rows.key()
        catalog.lookup_sync(former)
        key.rotate(timedelta())
        key.save()
        assert catalog.known(former) is None
        assert catalog.lookup_sync(former) is None

    def test_a_made_up_key_is_asked_for_once(self, catalog: Catalog, visits: list[set[str]]) -> None:
        for _ in range(5):
            assert catalog.lookup_sync("gh_made-up") is None
        assert len(visits) == 1

    def test_a_refused_key_works_as_soon_as_it_is_made(self, catalog: Catalog) -> None:
        assert catalog.lookup_sync("gh_soon-to-be-a-real-one") is None
        key = ApiKey(name="late", organisation=Organisation.objects.create(name="acme"))
        key.set_secret("gh_soon-to-be-a-real-one")
        key.save()
        assert catalog.lookup_sync("gh_soon-to-be-a-real-one") is not None

    async def test_many_unknown_keys_share_few_questions(self, catalog: Catalog, visits: list[set[str]]) -> None:
        keys = [f"gh_{number}" for number in range(200)]
        assert await asyncio.gather(*(catalog.lookup(key) for key in keys)) == [None] * 200
        assert len(visits) <= 3

    async def test_beyond_a_bound_waiting_keys_are_turned_away(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await asyncio.to_thread(catalog.snapshot)
        monkeypatch.setattr(module, "MOST_WAITING", 10)
        outcomes = await asyncio.gather(
            *(catalog.lookup(f"gh_{number}") for number in range(30)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) >= 20

    @pytest.mark.parametrize("key", ["", "gh_", "gh_" + "x" * 10_000, "gh_\udcff\x00", "gh_é", "' OR 1=1 --"])
    def test_hostile_keys_are_just_unknown(self, catalog: Catalog, key: str) -> None:
        assert catalog.known(key) is None
        assert catalog.lookup_sync(key) is None

    def test_origins_are_those_of_every_valid_key(self, catalog: Catalog) -> None:
        key, _ = rows.key(origins=["https://app.example"])
        catalog.snapshot()
        assert wait_until(lambda: catalog.origins() == {"https://app.example"}, 5)
        key.disabled = True
        key.save()
        assert catalog.origins() == frozenset()


class TestStoreAway:
    def test_a_key_in_use_works_on_for_fifteen_minutes(
        self, catalog: Catalog, clock: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, secret = rows.key()
        catalog.lookup_sync(secret)
        break_the_store(monkeypatch)
        clock.seconds += 15 * 60 - 1
        assert catalog.known(secret) is not None
        clock.seconds += 2
        assert catalog.known(secret) is None

    def test_an_unknown_key_is_told_to_come_back(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        catalog.snapshot()
        break_the_store(monkeypatch)
        with pytest.raises(Unavailable) as refused:
            catalog.lookup_sync("gh_unknown")
        assert refused.value.retry_after

    def test_the_registry_stays_as_it_was(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        before = catalog.snapshot()
        break_the_store(monkeypatch)
        assert asyncio.run(catalog.fresh_snapshot()) is before
        assert not catalog.is_reachable()

    def test_without_a_first_look_there_is_nothing_to_go_on_with(
        self, clock: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_the_store(monkeypatch)
        catalog = Catalog(clock)
        try:
            with pytest.raises(Unavailable):
                catalog.snapshot()
        finally:
            catalog.stop()

    def test_a_first_look_that_takes_long_is_waited_for_as_long_as_one_likes(
        self, clock: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = threading.Event()
        monkeypatch.setattr(module, "load_snapshot", lambda stamp: found.wait() and Snapshot(stamp))
        catalog = Catalog(clock)
        catalog.start()
        try:
            with pytest.raises(Unavailable):
                catalog.snapshot(patience=0.01)
            threading.Timer(0.05, found.set).start()
            assert catalog.snapshot(patience=30) is catalog.snapshot()
        finally:
            found.set()
            catalog.stop()


class TestSnapshot:
    def test_a_change_is_there_when_the_commit_returns(self, catalog: Catalog) -> None:
        assert catalog.snapshot().models == {}
        rows.model("gpt-4o", rows.provider())
        assert list(catalog.snapshot().models) == ["gpt-4o"]

    def test_keys_do_not_rebuild_the_registry(self, catalog: Catalog) -> None:
        rows.model("gpt-4o")
        before = catalog.snapshot()
        rows.key()
        assert catalog.snapshot() is before

    async def test_a_storm_of_unknown_models_asks_seldom(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await asyncio.to_thread(catalog.snapshot)
        asked: list[int] = []
        read = RegistryStamp.read
        monkeypatch.setattr(RegistryStamp, "read", lambda: asked.append(1) or read())  # type: ignore[func-returns-value]  # append says nothing, on purpose
        await asyncio.gather(*(catalog.fresh_snapshot() for _ in range(500)))
        assert len(asked) <= 3

    def test_it_starts_again_after_a_stop(self, catalog: Catalog) -> None:
        catalog.stop()
        _, secret = rows.key()
        assert catalog.lookup_sync(secret) is not None
