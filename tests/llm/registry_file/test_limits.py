"""Limits as a file writes them: of providers, routes, organisations, teams and keys."""

from __future__ import annotations

import pytest

from llm.models import Organisation, Provider, Route
from llm.registry_file import Refused
from tests.llm.registry_file.files import LIMITED, apply, warnings

pytestmark = pytest.mark.django_db


def test_providers_routes_organisations_and_teams_have_them() -> None:
    apply(LIMITED)
    provider, route, organisation = Provider.objects.get(), Route.objects.get(), Organisation.objects.get()
    assert (provider.requests_per_minute, provider.interactive_share) == (600, 0.25)
    assert (route.tokens_per_minute, organisation.requests_per_minute) == (50_000, 300)
    teams = {team.name: team.max_concurrency for team in organisation.teams.all()}
    assert teams == {"data": None, "web": 7}
    assert apply(LIMITED) == []


def test_a_changed_limit_is_told() -> None:
    apply(LIMITED)
    assert apply(LIMITED.replace("max_concurrency: 7", "max_concurrency: 8")) == [
        "update organisation acme: team web max_concurrency 7 -> 8"
    ]
    changes = apply(LIMITED.replace("50000", "60000"))
    assert "update model m: route one/m tokens_per_minute 50000 -> 60000" in changes


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("requests_per_minute: 300", "organisations[0].requests_per_minute: got {}, wanted "),
        ("max_concurrency: 7", "organisations[0].teams[1].max_concurrency: got {}, wanted "),
        ("requests_per_minute: 600", "providers[0].requests_per_minute: got {}, wanted "),
        ("tokens_per_minute: 50000", "models[0].routes[0].tokens_per_minute: got {}, wanted "),
    ],
)
@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("0", "1 or more"),
        ("-5", "1 or more"),
        ("1000000001", "1,000,000,000 or less"),
        ("1.5", "a whole number"),
        ("lots", "a whole number"),
    ],
)
def test_what_can_be_no_limit_is_refused(written: str, problem: str, value: str, wanted: str) -> None:
    text = LIMITED.replace(written, f"{written.partition(':')[0]}: {value}")
    with pytest.raises(Refused) as refused:
        apply(text)
    got = f"'{value}'" if value == "lots" else value
    assert problem.format(got) in str(refused.value)
    assert wanted in str(refused.value)


def test_a_share_of_everything_is_refused() -> None:
    with pytest.raises(Refused, match="interactive_share"):
        apply(LIMITED.replace("interactive_share: 0.25", "interactive_share: 1"))


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        (
            "team: web,",
            "team: web, requests_per_minute: 301,",
            "keys[0]: requests_per_minute is 301, but organisation acme has no more than 300.",
        ),
        (
            "team: web,",
            "team: web, max_concurrency: 8,",
            "keys[0]: max_concurrency is 8, but team web has no more than 7.",
        ),
        (
            "name: web,",
            "name: web, requests_per_minute: 400,",
            "organisations[0].teams[1]: requests_per_minute is 400, but organisation acme has no more than 300.",
        ),
        (
            "upstream_model: m,",
            "upstream_model: m, requests_per_minute: 700,",
            "models[0].routes[0]: requests_per_minute is 700, but provider one has no more than 600.",
        ),
        (
            "tokens_per_minute: 50000",
            "tokens_per_minute: 3000",
            "models[0].routes[0]: tokens_per_minute is 3,000, but one answer may have 4,000 tokens: such a call takes "
            "up the whole minute.",
        ),
    ],
)
def test_what_hardly_is_meant_is_doubted(before: str, after: str, doubt: str) -> None:
    assert warnings(LIMITED.replace(before, after)) == [doubt]
    assert warnings(LIMITED) == []
