from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from llm.models import Alias, ApiKey, Budget, Membership, Organisation, Team
from tests.llm import rows

LISTS = ["apikey", "budget", "organisation", "team", "membership", "provider", "model", "route", "routeprice"]


def grow(start: int, end: int) -> None:
    for number in range(start, end):
        organisation = Organisation.objects.create(name=f"org-{number}")
        team = Team.objects.create(organisation=organisation, name="web")
        rows.key(f"key-{number}", organisation.name, team=team)
        successor = rows.model(f"next-{number}")
        provider = rows.provider(f"provider-{number}", default_model=successor)
        model = rows.model(f"model-{number}", provider, successor=successor)
        Alias.objects.create(model=model, name=f"alias-{number}")
        user = User.objects.create_user(f"user-{number}")
        Budget.objects.create(organisation=organisation, scope="team", team=team, amount=1)
        Membership.objects.create(user=user, organisation=organisation, team=team)


def queries(operator: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert operator.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("noun", LISTS)
def test_a_lists_queries_do_not_grow_with_it(operator: Client, noun: str) -> None:
    url = f"/admin/llm/{noun}/"
    grow(0, 2)
    few = queries(operator, url)
    grow(2, 12)
    assert queries(operator, url) == few


@pytest.mark.parametrize(
    ("noun", "field"),
    [
        ("apikey", "organisation"),
        ("apikey", "team"),
        ("provider", "default_model"),
        ("model", "successor"),
        ("route", "model"),
        ("route", "provider"),
        ("fallback", "target"),
        ("budget", "organisation"),
        ("budget", "key"),
        ("budget", "team"),
        ("membership", "user"),
        ("membership", "organisation"),
        ("membership", "team"),
    ],
)
def test_every_foreign_key_is_searched_and_not_listed_whole(operator: Client, noun: str, field: str) -> None:
    asked = {"app_label": "llm", "model_name": noun, "field_name": field, "term": "x"}
    assert operator.get("/admin/autocomplete/", asked).status_code == 200


@pytest.mark.parametrize("noun", LISTS)
def test_an_empty_list_has_one_sentence_and_one_button(operator: Client, noun: str) -> None:
    html = operator.get(f"/admin/llm/{noun}/").content.decode()
    shown = html[html.index("gh-empty") :].split("</div>")[0]
    assert shown.count("<p>") == 1
    assert shown.count("gh-button") == (0 if noun == "routeprice" else 1)
    assert "There is nothing here yet" not in shown


@pytest.mark.parametrize("noun", LISTS)
def test_a_search_that_finds_nothing_leads_back(operator: Client, noun: str) -> None:
    assert 'href="?">Show all</a>' in operator.get(f"/admin/llm/{noun}/?q=nothing").content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("created_at_from=01/01/2026&created_at_to=31/01/2026", ["january"]),
        ("created_at_from=31/01/2026&created_at_to=31/01/2026", ["january"]),
        ("created_at_from=01/02/2026", ["march"]),
        ("created_at_to=nonsense", ["january", "march"]),
        ("requests_per_minute_from=100", ["march"]),
        ("requests_per_minute_from=nonsense", ["january", "march"]),
        ("disabled__exact=1", ["january"]),
    ],
)
def test_keys_are_found_by_day_and_by_number(operator: Client, asked: str, found: list[str]) -> None:
    """A range ends with its last day, and what is no day or number bounds nothing."""
    days = {"january": datetime(2026, 1, 31, 23, tzinfo=UTC), "march": datetime(2026, 3, 1, tzinfo=UTC)}
    for name, day in days.items():
        is_first = name == "january"
        rows.key(name, disabled=is_first, requests_per_minute=60 if is_first else 600)
        ApiKey.objects.filter(name=name).update(created_at=day)
    page = operator.get(f"/admin/llm/apikey/?{asked}")
    assert [key.name for key in page.context["cl"].result_list] == found
