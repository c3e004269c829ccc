"""Budgets are written as a file gives them, under a key or its organisation, and come out again the same."""

from __future__ import annotations

import pytest

from llm import registry_file
from llm.models import Budget, BudgetWindow
from llm.periods import SINCE_EVER
from llm.registry_file import Refused
from tests.llm.registry_file.files import apply, warnings

pytestmark = pytest.mark.django_db

DOLLAR = 10**12


def file(*budgets: str, shared: str = "", more: str = "", team: str = "team: web") -> str:
    return f"""
organisations: [{{name: acme, teams: [web, data], budgets: [{shared}]}}]
keys:
  - name: frontend
    organisation: acme
    key: "gh_0123456789abcdef0123456789abcdef"
    budgets: [{", ".join(budgets)}]
    {team}
  {more}
"""


def written() -> list[tuple[str, str, int, str, bool]]:
    rows = Budget.objects.select_related("key", "team").order_by("pk")
    return [
        (row.scope, str(row.key or row.team or row.match or ""), row.amount // DOLLAR, row.period, row.hard)
        for row in rows
    ]


def refusals(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        apply(text)
    assert not Budget.objects.exists()
    return [str(problem) for problem in refused.value.problems]


ALL = (
    '{scope: key, amount: "50", period: month, hard: true}',
    "{scope: organisation, amount: 100, period: total, hard: false, alert_at: [50]}",
    "{scope: team, amount: 20, period: week}",
    '{scope: user, match: "*", amount: 2, period: day}',
    "{scope: tag, match: env=prod, amount: 3, alert_at: []}",
)


def test_each_scope_is_that_of_its_key() -> None:
    apply(file(*ALL))
    assert sorted(written()) == [
        ("key", "frontend", 50, "month", True),
        ("organisation", "", 100, "total", False),
        ("tag", "env=prod", 3, "month", True),
        ("team", "web", 20, "week", True),
        ("user", "*", 2, "day", True),
    ]
    assert Budget.objects.get(scope="organisation").alert_at == [50]
    assert Budget.objects.get(scope="key").alert_at == [80]
    assert Budget.objects.get(scope="tag").alert_at == []


def test_twice_is_once() -> None:
    assert apply(file(*ALL)) != []
    before = set(Budget.objects.values_list("pk", flat=True))
    assert apply(file(*ALL)) == []
    assert set(Budget.objects.values_list("pk", flat=True)) == before


def test_what_is_exported_says_the_same() -> None:
    apply(file(*ALL))
    exported = registry_file.export()
    assert apply(exported) == []
    Budget.objects.all().delete()
    apply(exported)
    assert len(written()) == 5
    assert registry_file.export() == exported


def test_a_change_of_amount_keeps_what_was_spent() -> None:
    apply(file("{scope: key, amount: 50}"))
    budget = Budget.objects.get()
    BudgetWindow.objects.create(budget=budget, starts_at=SINCE_EVER, spent=7)
    (change,) = apply(file("{scope: key, amount: 60, alert_at: [90]}"))
    assert change == (
        'update key acme/frontend: budgets ["key: hard $50 a month, told at 80%"]'
        ' -> ["key: hard $60 a month, told at 90%"]'
    )
    assert Budget.objects.get().windows.get().spent == 7


def test_what_is_left_out_is_gone() -> None:
    apply(file(*ALL, shared="{scope: user, match: ada, amount: 1}"))
    apply(file(shared="{scope: user, match: ada, amount: 1}"))
    assert written() == [("user", "ada", 1, "month", True)]


def test_an_organisation_that_is_not_named_keeps_its_own() -> None:
    apply(file(shared="{scope: organisation, amount: 9}"))
    keys = file("{scope: organisation, amount: 5, period: day}").partition("keys:")[2]
    apply(f"keys:{keys}")
    assert written() == [("organisation", "", 9, "month", True), ("organisation", "", 5, "day", True)]
    apply(f"keys:{keys.replace('amount: 5', 'amount: 6')}")
    assert written()[1] == ("organisation", "", 6, "day", True)


def test_what_several_keys_say_of_their_organisation_is_one_budget() -> None:
    other = '- {name: other, organisation: acme, budgets: [{scope: organisation, amount: "100"}]}'
    apply(file("{scope: organisation, amount: 100}", more=other))
    assert written() == [("organisation", "", 100, "month", True)]


def test_a_warning_at_less_stands_beside_the_bound() -> None:
    apply(file("{scope: key, amount: 50}", "{scope: key, amount: 40, hard: false}"))
    assert written() == [("key", "frontend", 50, "month", True), ("key", "frontend", 40, "month", False)]


def test_an_organisation_names_its_teams_by_match() -> None:
    apply(file(shared="{scope: team, match: data, amount: 4}"))
    assert written() == [("team", "data", 4, "month", True)]
    assert apply(registry_file.export()) == []


@pytest.mark.parametrize(
    ("budget", "problem"),
    [
        ("{amount: 1}", "scope: got nothing, wanted a value"),
        ("{scope: planet, amount: 1}", "scope: got 'planet', wanted one of key, organisation, team, user, tag"),
        ("{scope: key, amount: 1, period: year}", "period: got 'year', wanted one of day, week, month, total"),
        ("{scope: key}", "amount: got nothing, wanted a value"),
        ("{scope: key, amount: 0}", 'amount: got 0, wanted dollars above 0 and up to 9,000,000, such as "50"'),
        ("{scope: key, amount: -1}", "amount: got -1, wanted dollars above 0"),
        ('{scope: key, amount: "9000000.01"}', "amount: got '9000000.01', wanted dollars above 0"),
        ("{scope: key, amount: 1e30}", "amount: got '1e30', wanted dollars above 0"),
        ("{scope: key, amount: .nan}", "amount: got nan, wanted dollars above 0"),
        ("{scope: key, amount: 1e999999}", "amount: got '1e999999', wanted dollars above 0"),
        ("{scope: key, amount: true}", "amount: got True, wanted dollars above 0"),
        ("{scope: key, amount: much}", "amount: got 'much', wanted dollars above 0"),
        ('{scope: key, amount: "0.0000000000001"}', "amount: got '0.0000000000001', wanted at most 12 decimal places"),
        ("{scope: key, amount: 1, hard: perhaps}", "hard: got 'perhaps', wanted true or false"),
        ("{scope: key, amount: 1, alert_at: [0]}", "alert_at[0]: got 0, wanted a whole number above 0"),
        ("{scope: key, amount: 1, alert_at: [80, 80]}", "alert_at: got a list, wanted whole percents"),
        ("{scope: key, amount: 1, match: me}", "match: got 'me', wanted nothing, for this scope matches all calls"),
        ("{scope: user, amount: 1}", "match: got nothing, wanted the user, or * for each of them"),
        ("{scope: tag, amount: 1}", "match: got nothing, wanted a tag as name=value"),
        ("{scope: tag, amount: 1, match: prod}", "match: got 'prod', wanted a tag as name=value"),
        ("{scope: tag, amount: 1, match: prod=}", "match: got 'prod=', wanted a tag as name=value"),
        ("{scope: tag, amount: 1, match: 'env=pr*'}", "match: got 'env=pr*', wanted a tag as name=value"),
        ("{scope: tag, amount: 1, match: '*=prod'}", "match: got '*=prod', wanted a tag as name=value"),
        ("{scope: tag, amount: 1, match: 'env = prod'}", "match: got 'env = prod', wanted a tag as name=value"),
        ("{scope: user, amount: 1, match: 'ad*'}", "match: got 'ad*', wanted the user, or * for each of them"),
        ('{scope: user, amount: 1, match: "ada\\n"}', "match: got 'ada\\n', wanted the user"),
        ("{scope: key, amount: 1, until: never}", "until: got a field that is not known here"),
    ],
)
def test_what_no_budget_can_be_is_refused_with_its_place(budget: str, problem: str) -> None:
    (said,) = refusals(file(budget))
    assert said.startswith(f"keys[0].budgets[0].{problem}")


def test_a_team_budget_needs_a_team() -> None:
    (said,) = refusals(file("{scope: team, amount: 1}", team=""))
    assert said == "keys[0].budgets[0].scope: got 'team', wanted another scope, for the key belongs to no team"


@pytest.mark.parametrize(
    ("budget", "problem"),
    [
        ("{scope: key, amount: 1}", "scope: got 'key', wanted organisation, team, user or tag"),
        ("{scope: team, amount: 1}", "match: got nothing, wanted the name of one of its teams"),
        ("{scope: team, amount: 1, match: sales}", "match: got 'sales', wanted the name of one of its teams"),
    ],
)
def test_what_no_organisations_budget_can_be_is_refused(budget: str, problem: str) -> None:
    (said,) = refusals(file(shared=budget))
    assert said.startswith(f"organisations[0].budgets[0].{problem}")


def test_two_hard_budgets_that_contradict_each_other_are_refused() -> None:
    (said,) = refusals(file("{scope: key, amount: 5}", "{scope: key, amount: 6}"))
    assert said == (
        "keys[0].budgets[1].amount: got '6', wanted what keys[0].budgets[0] says of the same scope and period"
    )
    other = "- {name: other, organisation: acme, budgets: [{scope: organisation, amount: 7}]}"
    (said,) = refusals(file("{scope: organisation, amount: 6}", more=other))
    assert said.startswith("keys[1].budgets[0].amount: got '7'")
    apply(file("{scope: key, amount: 5}", "{scope: key, amount: 5}", "{scope: key, amount: 6, period: day}"))
    assert len(written()) == 2


def test_a_file_mends_what_contradicts_itself_in_the_database() -> None:
    apply(file("{scope: key, amount: 5}"))
    twin = Budget.objects.get()
    twin.pk = None
    twin.save(force_insert=True)
    apply(file("{scope: key, amount: 6}"))
    assert written() == [("key", "frontend", 6, "month", True)]


@pytest.mark.parametrize(
    ("key", "shared", "doubts"),
    [
        ("{scope: key, amount: 50}", "{scope: organisation, amount: 50}", []),
        ("{scope: key, amount: 60, hard: false}", "{scope: organisation, amount: 50}", []),
        ("{scope: key, amount: 60}", "{scope: organisation, amount: 50, hard: false}", []),
        ("{scope: key, amount: 60}", "{scope: organisation, amount: 50, period: total}", []),
        (
            "{scope: key, amount: 1500.5}",
            "{scope: team, match: web, amount: 50}, {scope: team, match: data, amount: 1}",
            ["key frontend of acme: amount is 1,500.5, but the budget of team web is no more than 50."],
        ),
        (
            "{scope: team, amount: 60}",
            "{scope: organisation, amount: 50}",
            ["team web of acme: amount is 60, but the budget of organisation acme is no more than 50."],
        ),
    ],
)
def test_what_is_bounded_already_is_doubted(key: str, shared: str, doubts: list[str]) -> None:
    said = warnings(file(key, shared=shared))
    assert said == [f"budget of {doubt}" for doubt in doubts]


def test_plain_names_of_models_must_exist() -> None:
    text = file() + "models: [{name: gpt-4o-mini, aliases: [small]}]\n"
    for wrong in ("gpt-4o-mink", "small"):
        named = text.replace("name: frontend", f'name: frontend\n    models: ["gpt-4o*", {wrong}]')
        (said,) = refusals(named)
        assert said.startswith(f"keys[0].models[1]: got '{wrong}', wanted a model's own name")
    apply(text.replace("name: frontend", 'name: frontend\n    models: ["gpt-5*", gpt-4o-mini, "*"]'))
