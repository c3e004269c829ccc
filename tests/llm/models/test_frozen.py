from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from llm.models import Alias, ApiKey, Budget, Fallback, Keyring, LongPromptPrice, Organisation, RoutePrice
from llm.models.frozen import load_callers, load_origins, load_snapshot, named
from llm.registry import Rates
from llm.vault import digest
from tests.llm import rows
from tests.llm.test_vault import secrets_key

pytestmark = pytest.mark.django_db


def test_a_model_is_found_by_name_and_alias_with_all_it_has() -> None:
    openai = rows.provider("openai", secret="sk-0123456789abcdef", organization="org")
    echo = rows.provider("echo", kind="echo")
    other = rows.model("other", echo)
    model = rows.model("gpt-4o", openai, echo, training_cutoff=date(2023, 10, 1), capabilities=["tools"])
    Alias.objects.create(model=model, name="big")
    Fallback.objects.create(model=model, target=other)
    snapshot = load_snapshot(7)
    found = snapshot.models["big"]
    assert found is snapshot.models["gpt-4o"]
    assert snapshot.stamp == 7
    assert (found.aliases, found.fallbacks, found.capabilities) == (("big",), ("other",), frozenset({"tools"}))
    assert [route.provider.name for route in found.routes] == ["openai", "echo"]
    assert snapshot.providers["openai"].secret == "sk-0123456789abcdef"
    assert "sk-0123456789abcdef" not in repr(snapshot)


def test_prices_come_oldest_first() -> None:
    route = rows.model("gpt-4o", rows.provider()).routes.get()
    RoutePrice.objects.create(route=route, valid_from=datetime(2026, 5, 1, tzinfo=UTC), input=2)
    RoutePrice.objects.create(route=route, valid_from=datetime(2026, 3, 1, tzinfo=UTC), input=1)
    (spec,) = load_snapshot(1).models["gpt-4o"].routes
    assert [price.input for price in spec.prices] == [1_000_000, 1, 2]
    april = spec.price_at(datetime(2026, 4, 1, tzinfo=UTC))
    assert april is not None
    assert april.input == 1


def test_a_long_prompts_rates_are_whole_and_shortest_first() -> None:
    """A rate that it leaves open is the one of shorter prompts."""
    price = rows.model("gpt-4o", rows.provider()).routes.get().prices.get()
    price.cached, price.output = 300, None
    price.save()
    LongPromptPrice.objects.create(price=price, above=200_000, input=9, cached=0)
    LongPromptPrice.objects.create(price=price, above=100_000, input=5)
    (spec,) = load_snapshot(1).models["gpt-4o"].routes[0].prices
    assert spec.long_prompts == (
        Rates(above=100_000, input=5, cached=300),
        Rates(above=200_000, input=9, cached=0),
    )
    assert (spec.above, spec.input, spec.output, spec.cached) == (0, 1_000_000, None, 300)


def test_the_queries_do_not_grow_with_the_registry(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    provider = rows.provider()
    target = rows.model("target")
    for number in range(30):
        model = rows.model(f"model-{number}", provider)
        Alias.objects.create(model=model, name=f"alias-{number}")
        Fallback.objects.create(model=model, target=target)
        LongPromptPrice.objects.create(price=model.routes.get().prices.get(), above=200_000, input=9)
    with django_assert_max_num_queries(9):
        load_snapshot(1)


def test_an_edited_provider_has_another_version() -> None:
    provider = rows.provider()
    before = load_snapshot(1).providers["openai"].version
    provider.save()
    assert load_snapshot(2).providers["openai"].version > before


def test_one_unreadable_secret_does_not_take_the_registry_down(settings: Settings) -> None:
    settings.SECRETS_KEYS = [secrets_key()]
    rows.provider(secret="sk-0123456789abcdef")
    settings.SECRETS_KEYS = [secrets_key()]
    assert load_snapshot(1).providers["openai"].secret == ""


class TestDefaultModel:
    def test_the_setting_wins(self, settings: Settings) -> None:
        settings.DEFAULT_LLM_MODEL = "mine"
        assert load_snapshot(1).default_model == "mine"

    def test_echo_until_a_vendors_key_is_set(self) -> None:
        rows.model("echo", rows.provider("echo", kind="echo"))
        small = rows.model("gpt-4o-mini")
        openai = rows.provider("openai", default_model=small)
        assert load_snapshot(1).default_model == "echo"
        openai.set_secret("sk-0123456789abcdef")
        openai.save()
        assert load_snapshot(2).default_model == "gpt-4o-mini"

    def test_the_first_provider_with_one_counts(self) -> None:
        for name in ("b", "a"):
            rows.provider(name, secret="sk-0123456789abcdef", default_model=rows.model(f"of-{name}"))
        assert load_snapshot(1).default_model == "of-b"

    def test_a_vendor_without_one_is_no_reason_to_answer_with_echo(self) -> None:
        rows.model("echo", rows.provider("echo", kind="echo"))
        rows.provider("openai", secret="sk-0123456789abcdef")
        assert load_snapshot(1).default_model is None


def found(secret: str) -> bool:
    return bool(load_callers([digest(secret, Keyring.pepper())]))


def test_a_caller_has_what_its_key_has() -> None:
    key, secret = rows.key(origins=["https://app.example"], requests_per_minute=60)
    (caller,) = load_callers([digest(secret, Keyring.pepper())]).values()
    assert (caller.key_id, caller.organisation, caller.limits.requests_per_minute) == (key.pk, "acme", 60)
    assert caller.origins == load_origins() == {"https://app.example"}


def test_a_disabled_or_expired_key_is_nobodys() -> None:
    key, secret = rows.key(expires_at=timezone.now() + timedelta(hours=1))
    assert found(secret)
    key.disabled = True
    key.save()
    assert not found(secret)
    key.disabled, key.expires_at = False, timezone.now() - timedelta(seconds=1)
    key.save()
    assert not found(secret)


def test_a_former_secret_is_the_same_caller_until_its_overlap_ends() -> None:
    key, former = rows.key(requests_per_minute=60)
    new = key.rotate(timedelta(hours=1))
    key.save()
    old, now = (load_callers([digest(secret, Keyring.pepper())]).popitem()[1] for secret in (former, new))
    assert (old.key_id, old.limits.requests_per_minute) == (now.key_id, 60)
    assert (old.expires_at, now.expires_at) == (key.former_until, None)
    key.former_until = timezone.now() - timedelta(seconds=1)
    key.save()
    assert (found(former), found(new)) == (False, True)


def test_a_former_secret_does_not_outlive_its_key() -> None:
    expires = timezone.now() + timedelta(minutes=5)
    key, former = rows.key(expires_at=expires)
    key.rotate(timedelta(hours=1))
    key.save()
    (caller,) = load_callers([digest(former, Keyring.pepper())]).values()
    assert caller.expires_at == expires
    key.disabled = True
    key.save()
    assert not found(former)


def test_a_secret_of_now_goes_before_anothers_former_one() -> None:
    rotated, secret = rows.key("rotated")
    rotated.rotate(timedelta(hours=1))
    rotated.save()
    other, _ = rows.key("other")
    other.set_secret(secret)
    other.save()
    (caller,) = load_callers([digest(secret, Keyring.pepper())]).values()
    assert caller.key_name == "other"


class TestBudgets:
    """A caller has those that its calls may fall under; users and tags show with the request."""

    def scopes(self, key: ApiKey) -> set[tuple[str, str]]:
        (caller,) = load_callers([named(key.pk)]).values()
        return {(budget.scope, budget.match) for budget in caller.budgets}

    def test_a_caller_has_its_own_and_those_of_its_team_and_organisation(self) -> None:
        frontend, _ = rows.key("frontend")
        nightly, _ = rows.key("nightly")
        stranger, _ = rows.key("stranger", "other")
        organisation = frontend.organisation
        team = organisation.teams.create(name="web")
        ApiKey.objects.filter(pk=frontend.pk).update(team=team)
        for scope, more in (
            ("key", {"key": frontend}),
            ("team", {"team": team}),
            ("organisation", {}),
            ("user", {"match": "*"}),
            ("tag", {"match": "env=prod"}),
        ):
            Budget.objects.create(organisation=organisation, scope=scope, amount=5, **more)
        shared = {("organisation", ""), ("user", "*"), ("tag", "env=prod")}
        assert self.scopes(frontend) == shared | {("key", ""), ("team", "")}
        assert self.scopes(nightly) == shared
        assert self.scopes(stranger) == set()

    def test_it_knows_the_clocks_of_its_organisation(self) -> None:
        key, _ = rows.key()
        Organisation.objects.update(time_zone="Asia/Kathmandu")
        Budget.objects.create(organisation=key.organisation, scope="key", key=key, amount=7, period="week", hard=False)
        (caller,) = load_callers([named(key.pk)]).values()
        (found,) = caller.budgets
        assert (found.amount, found.period, found.hard, found.time_zone) == (7, "week", False, "Asia/Kathmandu")
        assert not caller.reserves
