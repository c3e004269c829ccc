from __future__ import annotations

import pytest

from llm.registry_file import Refused, parse


def problems(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        parse(text)
    return [str(problem) for problem in refused.value.problems]


def test_an_empty_file_says_nothing() -> None:
    assert parse("") == dict.fromkeys(("providers", "models", "tiers", "organisations", "keys"))


def test_absent_fields_take_their_defaults() -> None:
    (provider,) = parse("providers: [{name: a, kind: echo}]")["providers"] or []
    assert (provider["timeout"], provider["retries"], provider["requests_per_minute"]) == (60, 3, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "the file: got a list, wanted an object"),
        ("models: {a: 1}", "models: got an object, wanted a list"),
        ("providers: [openai]", "providers[0]: got 'openai', wanted an object"),
        ("providers: [{name: a}]", "providers[0].kind: got nothing, wanted a value"),
        ("providers: [{name: a, kind: bard}]", "providers[0].kind: got 'bard', wanted one of openai"),
        ("providers: [{name: 7, kind: echo}]", "providers[0].name: got 7, wanted text"),
        ("providers: [{name: a, kind: echo, timeout: fast}]", "providers[0].timeout: got 'fast', wanted a number"),
        ("providers: [{name: a, kind: echo, retries: 1.5}]", "providers[0].retries: got 1.5, wanted a whole number"),
        ("providers: [{name: a, kind: echo, retries: true}]", "providers[0].retries: got True, wanted a whole number"),
        (
            "providers: [{name: a, kind: echo, features: {tools: maybe}}]",
            "providers[0].features.tools: got 'maybe', wanted true or false",
        ),
        ("models: [{name: a, training_cutoff: soon}]", "models[0].training_cutoff: got 'soon', wanted a date"),
        ("models: [{name: a, aliases: b}]", "models[0].aliases: got 'b', wanted a list"),
        (
            "models: [{name: a, routes: [{provider: p, upstream_model: u, input_price: cheap}]}]",
            "models[0].routes[0].input_price: got 'cheap', wanted dollars per million tokens",
        ),
        (
            "models: [{name: a, routes: [{provider: p, upstream_model: u, input_price: -1}]}]",
            "models[0].routes[0].input_price: got -1, wanted dollars per million tokens between 0 and 10,000",
        ),
        (
            "models: [{name: a, routes: [{provider: p, upstream_model: u, output_price: '10000.01'}]}]",
            "models[0].routes[0].output_price: got '10000.01', wanted dollars per million tokens between 0 and 10,000",
        ),
        (
            "models: [{name: a, routes: [{provider: p, upstream_model: u, input_price: '0.0000001'}]}]",
            "models[0].routes[0].input_price: got '0.0000001', wanted at most 6 decimal places",
        ),
        (
            "keys: [{name: a, organisation: o, expires_at: tomorrow}]",
            "keys[0].expires_at: got 'tomorrow', wanted an instant",
        ),
    ],
)
def test_a_wrong_value_is_named_by_path_got_and_wanted(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("modells: []", "modells"),
        ("models: [{name: a, windows: 1}]", "models[0].windows"),
        ("models: [{name: a, routes: [{provider: p, upstream_model: u, price: 1}]}]", "models[0].routes[0].price"),
        ("providers: [{name: a, kind: echo, features: {magic: true}}]", "providers[0].features.magic"),
    ],
)
def test_an_unknown_field_is_refused_with_those_there_are(text: str, path: str) -> None:
    (found,) = problems(text)
    assert found.startswith(f"{path}: got a field that is not known here, wanted one of ")


def test_all_problems_are_told_at_once() -> None:
    assert len(problems("providers: [{name: 1, kind: x, timeout: y}]\nkeys: [{name: a}]")) == 4


@pytest.mark.parametrize(
    "text",
    [
        "providers:\n  - {name: a, api_key: canary-1234: x}",
        "providers:\n  - {name: a, api_key: 'canary-1234}",
        "providers:\n  - {name: a, api_key: canary-1234, }}",
        "providers:\n  - {name: a, api_key: *canary-1234}",
        "providers:\n  - {name: a, api_key: !canary-1234 x}",
        'providers:\n  - {name: a, api_key: "canary-1234\\q"}',
        "providers:\n  - {name: a, api_key: canary-1234\x00}",
    ],
)
def test_yaml_that_is_none_is_refused_without_quoting_it(text: str) -> None:
    (found,) = problems(text)

    assert found.startswith("the file: got ")
    assert "canary" not in found


def test_yaml_that_is_none_is_refused_with_its_line() -> None:
    (found,) = problems("models: [")
    assert "line 1" in found


def test_a_name_that_stands_twice_in_an_object_is_refused() -> None:
    (found,) = problems("models: []\nmodels: []")
    assert "models stands there twice" in found


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system [echo]", "providers: !!python/name:os.system"])
def test_nothing_in_a_file_is_code(text: str) -> None:
    (found,) = problems(text)
    assert "could not determine a constructor" in found


class TestSecrets:
    def test_env_reads_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-there")
        (provider,) = parse("providers: [{name: a, kind: openai, api_key: 'env:OPENAI_API_KEY'}]")["providers"] or []
        assert provider["api_key"] == "sk-from-there"

    def test_a_variable_that_is_not_set_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NOT_THERE", raising=False)
        (found,) = problems("providers: [{name: a, kind: openai, api_key: 'env:NOT_THERE'}]")
        assert found.startswith("providers[0].api_key: got 'env:NOT_THERE', wanted the variable NOT_THERE to be set")

    def test_a_password_in_an_address_is_not_quoted(self) -> None:
        (found,) = problems("providers: [{name: a, kind: 'https://me:canary@api.example/v1'}]")
        assert found.startswith("providers[0].kind: got 'https://…@api.example/v1', wanted one of")

    def test_a_secret_of_the_wrong_type_is_not_quoted(self) -> None:
        (found,) = problems("providers: [{name: a, kind: openai, api_key: [sk-canary]}]")
        assert "canary" not in found
