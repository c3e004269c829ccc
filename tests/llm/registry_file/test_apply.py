from __future__ import annotations

import re

import pytest
from django.utils import timezone

from llm.models import (
    SINCE_EVER,
    Alias,
    ApiKey,
    Fallback,
    Keyring,
    Model,
    Organisation,
    Provider,
    RegistryStamp,
    Route,
    RoutePrice,
)
from llm.vault import digest
from tests.llm.registry_file.files import FULL, apply, problems, warnings

pytestmark = pytest.mark.django_db

KEY = "gh_0123456789abcdef0123456789abcdef"


def test_a_file_creates_all_it_names() -> None:
    assert apply(FULL) == [
        "create organisation acme",
        "create provider openai",
        "create provider local",
        "create model gpt-4o-mini",
        "create model claude-haiku-4-5",
        "create key acme/frontend",
    ]
    openai = Provider.objects.get(name="openai")
    assert openai.opened_secret() == "sk-0123456789abcdef"
    assert openai.default_model == Model.objects.get(name="gpt-4o-mini")
    assert Provider.objects.get(name="local").images is False
    assert Alias.objects.get().name == "small"
    assert Fallback.objects.get().target.name == "claude-haiku-4-5"
    assert ApiKey.objects.get().digest == digest(KEY, Keyring.pepper())
    price = RoutePrice.objects.get()
    assert (price.input, price.output, price.cached, price.valid_from) == (150_000, 600_000, 75_000, SINCE_EVER)


def test_twice_is_once() -> None:
    apply(FULL)
    stamp = RegistryStamp.read()
    assert apply(FULL) == []
    assert RegistryStamp.read() == stamp


def test_a_dry_run_says_the_same_and_does_nothing() -> None:
    said = apply(FULL, dry_run=True)
    assert not Provider.objects.exists()
    assert apply(FULL) == said


def test_objects_become_exactly_as_written() -> None:
    apply(FULL)
    assert apply("models: [{name: gpt-4o-mini, quality: 8}]") == [
        'update model gpt-4o-mini: aliases ["small"] -> []; context_window 128000 -> none; '
        "max_output_tokens 16384 -> none; training_cutoff 2023-10-01 -> none; "
        'capabilities ["streaming", "tools", "vision"] -> []; quality 7 -> 8; '
        'fallbacks ["claude-haiku-4-5"] -> []; route openai/gpt-4o-mini removed'
    ]
    assert not Alias.objects.exists()
    assert not Route.objects.filter(model__name="gpt-4o-mini").exists()


def test_what_is_not_named_stays() -> None:
    apply(FULL)
    assert apply("organisations: [{name: globex}]") == ["create organisation globex"]
    assert Provider.objects.count() == 2


def test_nothing_is_half_applied() -> None:
    assert problems(FULL.replace("quality: 7", "quality: 77"))
    assert not Organisation.objects.exists()
    assert not Provider.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "right", "problem"),
    [
        (
            "fallbacks: [claude-haiku]",
            "fallbacks: [claude-haiku-4-5]",
            "models[0].fallbacks[0]: got 'claude-haiku', wanted a model (did you mean claude-haiku-4-5?)",
        ),
        (
            "provider: opeani",
            "provider: openai",
            "models[0].routes[0].provider: got 'opeani', wanted a provider (did you mean openai?)",
        ),
        ("team: wbe", "team: web", "keys[0].team: got 'wbe', wanted one of its teams (did you mean web?)"),
        (
            "organisation: acne",
            "organisation: acme",
            "keys[0].organisation: got 'acne', wanted an organisation (did you mean acme?)",
        ),
        (
            "default_model: gpt-4o-mimi",
            "default_model: gpt-4o-mini",
            "providers[0].default_model: got 'gpt-4o-mimi', wanted a model (did you mean gpt-4o-mini?)",
        ),
        (
            "successor: zzz",
            "successor: gpt-4o-mini",
            "models[1].successor: got 'zzz', wanted a model that exists",
        ),
    ],
)
def test_a_misspelt_reference_is_refused_with_near_names(wrong: str, right: str, problem: str) -> None:
    assert problem in problems(FULL.replace(right, wrong))


@pytest.mark.parametrize(
    ("right", "wrong", "path"),
    [
        ("quality: 7", "quality: 11", "models[0].quality: got 11, wanted "),
        ("context_window: 128000", "context_window: 0", "models[0].context_window: got 0, wanted "),
        ("tools, vision]", "tools, magic]", "models[0].capabilities: got a list, wanted magic: not one of "),
        ("timeout: 60", "timeout: 0", "providers[0].timeout: got 0.0, wanted "),
        ("http://127.0.0.1:9100/v1", "http://example.com/v1", "providers[0].base_url: got 'http://example.com/v1'"),
        ("Europe/Paris", "Mars/Olympus", "organisations[0].time_zone: got 'Mars/Olympus', wanted "),
        ("https://app.example", "app.example", "keys[0].origins: got a list, wanted 'app.example' must be like "),
        ("requests_per_minute: 600", "requests_per_minute: 0", "keys[0].requests_per_minute: got 0, wanted "),
        ("scopes: [generate, usage]", "scopes: [all]", "keys[0].scopes: got a list, wanted all: not one of "),
        ("aliases: [small]", "aliases: [claude-haiku-4-5]", "models[1].name: got 'claude-haiku-4-5', wanted a name "),
        ("name: local", "name: openai", "providers[1].name: got 'openai', wanted a name that stands only once "),
        ('key: "gh_', 'key: "sk_', "keys[0].key: got a secret of another form, wanted gh_ "),
    ],
)
def test_what_the_tables_refuse_is_named_by_its_path_in_the_file(right: str, wrong: str, path: str) -> None:
    found = problems(FULL.replace(right, wrong))
    assert any(problem.startswith(path) for problem in found), found


def test_an_alias_may_move_to_another_model() -> None:
    apply("models: [{name: a, aliases: [small]}, {name: b}]")
    apply("models: [{name: a}, {name: b, aliases: [small]}]")
    assert Alias.objects.get().model.name == "b"


def test_a_model_may_be_renamed_and_keep_its_former_name_as_an_alias() -> None:
    apply("models: [{name: old}]")
    assert apply("models: [{name: new, aliases: [old]}]", prune=True) == ["delete model old", "create model new"]


class TestPrune:
    def test_it_deletes_what_the_files_sections_do_not_name(self) -> None:
        apply(FULL)
        text = "providers: []\nmodels: []\nkeys: []\norganisations: [{name: acme, teams: [web, data]}]"
        assert set(apply(text, prune=True)) == {
            "delete key acme/frontend",
            "delete model gpt-4o-mini",
            "delete model claude-haiku-4-5",
            "delete provider openai",
            "delete provider local",
            "update organisation acme: time_zone Europe/Paris -> UTC",
        }

    def test_a_section_that_is_not_there_is_left_alone(self) -> None:
        apply(FULL)
        apply("models: []", prune=True)
        assert Provider.objects.count() == 2
        assert ApiKey.objects.count() == 1

    def test_what_is_still_used_is_not_deleted(self) -> None:
        apply(FULL)
        (problem,) = problems("organisations: []", prune=True)
        assert problem == "organisations: got 'no acme', wanted acme to stay, for it is used by frontend"
        assert Organisation.objects.exists()

    def test_a_reference_to_what_goes_is_refused(self) -> None:
        apply("models: [{name: a}, {name: b}]")
        (problem,) = problems("models: [{name: a, fallbacks: [b]}]", prune=True)
        assert problem.startswith("models[0].fallbacks[0]: got 'b', wanted a model")


class TestSecrets:
    def test_an_absent_secret_stays(self) -> None:
        apply(FULL)
        without = re.sub(r'(api_key|key): "[^"]+", ', "", FULL)
        assert without != FULL
        assert apply(without) == []
        assert Provider.objects.get(name="openai").has_secret

    def test_null_takes_it_away(self) -> None:
        apply(FULL)
        assert apply(FULL.replace('"sk-0123456789abcdef"', "null")) == ["update provider openai: api_key cleared"]
        assert not Provider.objects.get(name="openai").has_secret

    def test_a_new_secret_is_not_told(self) -> None:
        apply(FULL)
        assert apply(FULL.replace("sk-0123456789abcdef", "sk-canary-canary-1")) == [
            "update provider openai: api_key set"
        ]
        assert apply(FULL.replace("gh_0123", "gh_canary")) == [
            "update provider openai: api_key set",
            "update key acme/frontend: key set",
        ]

    def test_another_host_without_a_new_secret_loses_the_old_one(self) -> None:
        apply(FULL)
        moved = FULL.replace("127.0.0.1:9100", "127.0.0.1:9999").replace('api_key: "sk-0123456789abcdef", ', "")
        assert "its api_key was for another host" in warnings(moved)[0]
        assert not Provider.objects.get(name="openai").has_secret

    def test_another_host_with_a_secret_has_that_one(self) -> None:
        apply(FULL)
        apply(FULL.replace("127.0.0.1:9100", "127.0.0.1:9999"))
        assert Provider.objects.get(name="openai").opened_secret() == "sk-0123456789abcdef"

    def test_two_keys_cannot_have_one_secret(self) -> None:
        twice = f"{FULL}\n  - {{name: second, organisation: acme, key: {KEY}}}"
        (problem,) = problems(twice)
        assert problem.startswith("keys[1].key: got a secret, wanted ")
        assert KEY not in problem

    def test_a_key_without_a_secret_is_made_and_warned_of(self) -> None:
        text = "organisations: [{name: acme}]\nkeys: [{name: a, organisation: acme}, {name: b, organisation: acme}]"
        assert len(warnings(text)) == 2
        assert ApiKey.objects.filter(digest=None).count() == 2

    def test_a_short_key_is_warned_of(self) -> None:
        text = "organisations: [{name: acme}]\nkeys: [{name: a, organisation: acme, key: gh_test}]"
        assert "short enough to be guessed" in warnings(text)[0]


class TestPrices:
    def routed(self, prices: str) -> str:
        return (
            "providers: [{name: openai, kind: openai}]\n"
            f"models: [{{name: m, routes: [{{provider: openai, upstream_model: gpt-4o-mini, {prices}}}]}}]"
        )

    def own(self) -> list[tuple[bool, int | None]]:
        """(since ever, input) of each price set here."""
        own = RoutePrice.objects.filter(source="override")
        return [(price.valid_from == SINCE_EVER, price.input) for price in own]

    def test_prices_left_out_come_from_the_list(self) -> None:
        apply(self.routed("order: 1"))
        assert set(RoutePrice.objects.values_list("source", "input")) == {("list", 150_000)}

    def test_a_price_given_replaces_the_lists(self) -> None:
        apply(self.routed("order: 1"))
        apply(self.routed('input_price: "0.30"'))
        assert list(RoutePrice.objects.values_list("source", "input", "output")) == [("override", 300_000, None)]

    def test_a_changed_price_counts_from_now_on(self) -> None:
        """The books of yesterday are worked out with yesterday's price."""
        apply(self.routed("input_price: 1"))
        before = timezone.now()
        assert apply(self.routed("input_price: 2")) == ["update model m: route openai/gpt-4o-mini price input 2"]
        assert self.own() == [(True, 1_000_000), (False, 2_000_000)]
        assert RoutePrice.objects.latest("valid_from").valid_from >= before
        assert apply(self.routed("input_price: 2")) == []

    def test_a_price_taken_away_goes_back_to_the_list(self) -> None:
        apply(self.routed("input_price: 2"))
        apply(self.routed("order: 1"))
        assert set(RoutePrice.objects.values_list("source", flat=True)) == {"list"}

    def test_dated_prices_are_the_whole_history(self) -> None:
        dated = (
            'prices: [{valid_from: 2026-01-01T00:00:00Z, input_price: 1}, {valid_from: "2026-06-01", input_price: 2}]'
        )
        apply(self.routed("input_price: 9"))
        apply(self.routed(dated))
        assert self.own() == [(False, 1_000_000), (False, 2_000_000)]
        assert apply(self.routed(dated)) == []

    def test_flat_and_dated_prices_at_once_are_refused(self) -> None:
        both = 'input_price: 1, prices: [{valid_from: "2026-06-01", input_price: 2}]'
        (problem,) = problems(self.routed(both))
        assert problem.startswith("models[0].routes[0].prices: got a list, wanted either these or the flat prices")

    def test_a_price_over_a_thousand_is_warned_of(self) -> None:
        assert warnings(self.routed("input_price: 1000")) == []
        (warning,) = warnings(self.routed("input_price: 1000.01"))
        assert warning.startswith("models[0].routes[0].input_price: over 1,000 dollars")

    def test_long_prompts_have_rates_of_their_own(self) -> None:
        longer = 'input_price: 1, output_price: 4, long_prompts: [{above: 200000, input_price: "2.5"}]'
        apply(self.routed("order: 1"))
        (said,) = apply(self.routed(longer))
        assert said.endswith("route openai/gpt-4o-mini price input 1, output 4; over 200,000 tokens input 2.5")
        (price,) = RoutePrice.objects.all()
        assert [rates["input"] for rates in price.tiers.values()] == [1_000_000, 2_500_000]
        assert list(price.tiers) == [0, 200_000]
        assert apply(self.routed(longer)) == []

    def test_a_change_of_long_prompts_alone_counts_from_now_on(self) -> None:
        apply(self.routed("input_price: 1, long_prompts: [{above: 200000, input_price: 2}]"))
        assert apply(self.routed("input_price: 1")) == ["update model m: route openai/gpt-4o-mini price input 1"]
        past, now = RoutePrice.objects.all()
        assert (list(past.tiers), list(now.tiers)) == ([0, 200_000], [0])

    def test_long_prompts_taken_out_of_a_dated_price_are_gone(self) -> None:
        """History that the file states again is corrected, not continued."""
        dated = 'prices: [{{valid_from: "2026-06-01", input_price: 1{}}}]'
        apply(self.routed(dated.format(", long_prompts: [{above: 200000, input_price: 2}]")))
        assert len(apply(self.routed(dated.format("")))) == 1
        assert list(RoutePrice.objects.get(source="override").tiers) == [0]

    @pytest.mark.parametrize(
        ("prices", "place", "wanted"),
        [
            ("input_price: 1, long_prompts: [{above: 0, input_price: 2}]", "[0].above", "a whole number above 0"),
            ("input_price: 1, long_prompts: [{above: 1.5, input_price: 2}]", "[0].above", "a whole number above 0"),
            ("input_price: 1, long_prompts: [{input_price: 2}]", "[0].above", "a value"),
            ("input_price: 1, long_prompts: [{above: 9, input_price: 10001}]", "[0].input_price", "between 0 and"),
            ("input_price: 1, long_prompts: [{above: 9}]", "[0]", "At least one rate"),
            ("input_price: 1, long_prompts: [{above: 9, output_price: 2}]", "[0]", "Rates of shorter prompts too"),
            ("long_prompts: [{above: 9, output_price: 2}]", "[0]", "Rates of shorter prompts too: output"),
            ("long_prompts: [{above: 9}]", "[0]", "At least one rate"),
            (
                "input_price: 1, long_prompts: [{above: 9, input_price: 2}, {above: 9, input_price: 3}]",
                "[1].above",
                "each length only once",
            ),
        ],
    )
    def test_long_prompts_that_make_no_sense_are_refused(self, prices: str, place: str, wanted: str) -> None:
        (problem,) = problems(self.routed(prices))
        assert problem.startswith(f"models[0].routes[0].long_prompts{place}: ")
        assert wanted in problem
        assert not RoutePrice.objects.exists()

    def test_a_refusal_names_the_dated_price_it_means(self) -> None:
        wrong = 'prices: [{valid_from: "2026-06-01", input_price: 2, long_prompts: [{above: 9, cached_price: 1}]}]'
        (problem,) = problems(self.routed(wrong))
        assert problem.startswith("models[0].routes[0].prices[0].long_prompts[0]: ")

    def test_a_doubtful_rate_of_long_prompts_is_warned_of(self) -> None:
        (warning,) = warnings(self.routed("input_price: 1, long_prompts: [{above: 9, input_price: 1001}]"))
        assert warning.startswith("models[0].routes[0].long_prompts[0].input_price: over 1,000 dollars")

    def test_an_explicit_zero_is_free_and_not_unknown(self) -> None:
        apply(self.routed("input_price: 0, output_price: 0"))
        assert self.own() == [(True, 0)]
