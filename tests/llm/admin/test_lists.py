from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from llm.models import Alias, Organisation, Team
from tests.llm import rows


def grow(start: int, end: int) -> None:
    for number in range(start, end):
        organisation = Organisation.objects.create(name=f"org-{number}")
        team = Team.objects.create(organisation=organisation, name="web")
        rows.key(f"key-{number}", organisation.name, team=team)
        successor = rows.model(f"next-{number}")
        provider = rows.provider(f"provider-{number}", default_model=successor)
        model = rows.model(f"model-{number}", provider, successor=successor)
        Alias.objects.create(model=model, name=f"alias-{number}")


def queries(operator: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert operator.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("noun", ["apikey", "organisation", "team", "provider", "model", "route", "routeprice"])
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
        ("membership", "user"),
        ("membership", "team"),
    ],
)
def test_every_foreign_key_is_searched_and_not_listed_whole(operator: Client, noun: str, field: str) -> None:
    asked = {"app_label": "llm", "model_name": noun, "field_name": field, "term": "x"}
    assert operator.get("/admin/autocomplete/", asked).status_code == 200
