"""What stands around every page: where it runs, the way to the lists, how to start; and all of it served by us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from config import env
from tests.llm import rows

PAGES = ("/admin/login/", "/admin/", "/admin/llm/apikey/", "/admin/llm/apikey/add/", "/admin/llm/provider/add/")


@pytest.mark.parametrize(
    ("debug", "database", "badge"),
    [(True, "", "Debug"), (False, "postgres://db/gatehouse", "Production"), (False, "", "Embedded")],
)
def test_the_badge_says_where_this_runs(
    operator: Client, settings: Settings, debug: bool, database: str, badge: str
) -> None:
    settings.DEBUG, settings.DATABASE_URL = debug, database
    assert operator.get("/admin/").context["environment"][0] == badge


def test_the_way_leads_to_every_list_in_our_words(operator: Client) -> None:
    groups = operator.get("/admin/").context["sidebar_navigation"]
    assert [group["title"] for group in groups] == [
        *("Organisations & keys", "Models & providers", "Prompts", "Log", "Webhooks", "Users", "System"),
    ]
    for link in (item["link"] for group in groups for item in group["items"]):
        assert operator.get(link).status_code == 200


def test_nobody_is_shown_the_way_to_what_they_may_not_open(client: Client, db: None) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_provider"))
    client.force_login(reader)
    context = client.get("/admin/").context
    assert [item["title"] for group in context["sidebar_navigation"] for item in group["items"]] == ["Providers"]
    assert context["steps"] == []


def test_an_empty_house_says_how_to_start(operator: Client) -> None:
    page = operator.get("/admin/")
    assert [step["button"] for step in page.context["steps"]] == ["Add a provider", "Make a key"]
    for step in page.context["steps"]:
        assert operator.get(step["link"]).status_code == 200


def test_a_furnished_house_does_not(operator: Client) -> None:
    rows.provider(secret="sk-0123456789abcdef")
    rows.key()
    assert operator.get("/admin/").context["steps"] == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_comes_from_this_host(operator: Client, page: str) -> None:
    if page == "/admin/login/":
        operator.logout()
    html = operator.get(page).content.decode()
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//[^"']*""", html)
    assert "<script>" not in html


def test_who_signs_in_at_the_door_comes_to_the_index(client: Client, db: None) -> None:
    User.objects.create_superuser("ada", password="pw-of-ada")
    response = client.post("/admin/login/", {"username": "ada", "password": "pw-of-ada"})
    assert response.headers["location"] == "/admin/"


def test_only_the_desk_names_the_dress() -> None:
    """Whoever changes it looks in one place."""
    named = re.compile(r"^\s*(?:from|import) unfold\b", re.MULTILINE)
    packages = ("config", "llm", "analytics", "conversations", "prompts", "webhooks")
    files = [path for name in packages for path in (env.ROOT / name).rglob("*.py")]
    assert [path for path in files if named.search(path.read_text())] == [Path(env.ROOT / "llm/admin/desk.py")]
