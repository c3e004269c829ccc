from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from llm.models import (
    Alias,
    ApiKey,
    Budget,
    LongPromptPrice,
    Organisation,
    Provider,
    RegistryStamp,
    Route,
    RoutePrice,
    Team,
    registry_changed,
)
from tests.llm import rows


@pytest.fixture
def acme(db: None) -> dict[str, Any]:
    provider = rows.provider()
    model = rows.model("gpt-4o", provider)
    alias = Alias.objects.create(model=model, name="big")
    key, _ = rows.key(team=Team.objects.create(organisation=Organisation.objects.create(name="acme"), name="web"))
    return {"provider": provider, "model": model, "alias": alias, "key": key, "route": model.routes.get()}


REGISTRY: list[Callable[[dict[str, Any]], object]] = [
    lambda acme: acme["provider"].save(),
    lambda acme: acme["model"].save(),
    lambda acme: acme["alias"].delete(),
    lambda acme: Route.objects.all().delete(),
    lambda acme: acme["route"].prices.get().save(),
    lambda acme: RoutePrice.objects.all().delete(),
    lambda acme: LongPromptPrice.objects.create(price=acme["route"].prices.get(), above=1, input=1),
]
KEYS: list[Callable[[dict[str, Any]], object]] = [
    lambda acme: acme["key"].save(),
    lambda acme: acme["key"].team.delete(),
    lambda acme: acme["key"].organisation.save(),
    lambda acme: ApiKey.objects.all().delete(),
    lambda acme: Budget.objects.create(organisation=acme["key"].organisation, scope="organisation", amount=1),
]


@pytest.mark.parametrize("change", REGISTRY)
def test_a_change_of_what_is_for_sale_raises_the_registrys_stamp(
    acme: dict[str, Any], change: Callable[[dict[str, Any]], object]
) -> None:
    before = RegistryStamp.read()
    change(acme)
    after = RegistryStamp.read()
    assert after.registry > before.registry
    assert (after.keys, after.prompts) == (before.keys, before.prompts)


@pytest.mark.parametrize("change", KEYS)
def test_a_change_of_who_may_ask_raises_the_keys_stamp(
    acme: dict[str, Any], change: Callable[[dict[str, Any]], object]
) -> None:
    before = RegistryStamp.read()
    change(acme)
    after = RegistryStamp.read()
    assert after.keys > before.keys
    assert (after.registry, after.prompts) == (before.registry, before.prompts)


@pytest.mark.django_db(transaction=True)
def test_stamp_and_row_are_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were they two, a process that dies between them would leave a change that nobody ever reads."""

    def die(counter: str) -> None:
        raise RuntimeError("dead before the stamp")

    monkeypatch.setattr(RegistryStamp, "bump", die)
    with pytest.raises(RuntimeError):
        rows.provider()
    assert not Provider.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_news_goes_out_once_after_the_commit() -> None:
    heard: list[int] = []

    def listen(**_: Any) -> None:
        heard.append(Provider.objects.count())

    registry_changed.connect(listen)
    try:
        with transaction.atomic():
            rows.provider("one")
            rows.provider("two")
            assert heard == []
        assert heard == [2]
    finally:
        registry_changed.disconnect(listen)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_the_stamp() -> None:
    rows.provider("one")
    before = RegistryStamp.read()
    with transaction.atomic():
        rows.provider("two")
        transaction.set_rollback(True)
    assert RegistryStamp.read() == before
