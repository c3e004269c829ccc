"""Who may open what is as it is written: every page there is, for everybody, asked anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, include, path
from pytest_django import Settings

from config import urls
from llm.models import Provider
from tests.roles.matrix import HEADING, METHODS, PAGE, PEOPLE, answer, asked, told, user, written
from tests.roles.pages import FOR_PROGRAMS, Page, every_page, filled, shapes
from tests.roles.samples import sample

pytestmark = pytest.mark.django_db

MEND = "run `python -m tests.roles --write`, read what changed, and commit it if it is meant"


def test_every_page_opens_to_whom_it_is_written_and_to_nobody_else() -> None:
    found, known = asked(), written()

    assert [row for row in known if row not in found] == [], f"written and not so: {MEND}"
    assert [row for row in found if row not in known] == [], f"so and not written: {MEND}"


def test_the_table_reads_as_it_was_written() -> None:
    assert PAGE.read_text().partition(HEADING)[2].strip() == told(written())


def test_the_walk_meets_every_kind_of_page() -> None:
    shown = {page.shown for page in every_page()}

    assert {
        "/admin/",
        "/admin/llm/",
        "/admin/analytics/requestlog/<object_id>/change/",
        "/admin/llm/provider/",
        "/admin/llm/provider/add/",
        "/admin/llm/provider/<object_id>/delete/",
        "/admin/llm/provider/<object_id>/history/",
        "/admin/llm/provider/, delete_selected",
        "/admin/auth/user/<id>/password/",
        "/admin/autocomplete/ of llm.apikey.organisation",
        "/api/docs/",
    } <= shown
    assert all(f"/admin/{m._meta.app_label}/{m._meta.model_name}/" in shown for m in admin.site._registry)


def leak(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("Whoever asks is told.")


urlpatterns = [*urls.urlpatterns, path("inner/", include([path("leak/<slug:name>", leak)]))]


def test_a_new_page_without_a_row_would_be_found(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__

    assert Page("/inner/leak/<name>", "/inner/leak/x") in every_page()
    assert "`/inner/leak/<name>`" not in {row[0] for row in written()}


def test_a_page_of_a_row_is_asked_for_a_row_that_is_there() -> None:
    provider = sample(Provider)

    assert filled("/admin/llm/provider/<object_id>/change/") == f"/admin/llm/provider/{provider.pk}/change/"


@pytest.fixture
def superuser() -> Client:
    client = Client()
    client.force_login(user("superuser"))
    return client


def addresses() -> list[str]:
    everywhere = shapes(get_resolver().url_patterns)
    return sorted(address for address in everywhere if address.startswith(("/api/v1/", "/v1/")))


@pytest.mark.parametrize("address", addresses())
def test_a_session_opens_nothing_that_is_for_keys(superuser: Client, address: str) -> None:
    answers = {superuser.generic(way, filled(address)).status_code for way in METHODS}

    assert answers <= {401, 405}
    assert address.startswith(FOR_PROGRAMS)


def test_whatever_the_walk_asks_for_is_undone(superuser: Client) -> None:
    def rows() -> list[Any]:
        kinds: tuple[Any, ...] = (Session, LogEntry, Provider, User)
        return [list(kind.objects.order_by("pk").values()) for kind in kinds]

    pages = [page for page in every_page() if "provider" in page.shown or "logout" in page.shown]
    before = rows()
    for page in pages:
        for way in METHODS:
            answer(superuser, page, way)

    assert len(pages) > 6
    assert rows() == before
    assert superuser.get("/admin/").status_code == 200


def test_everybody_has_a_column() -> None:
    assert PEOPLE == (
        "anonymous",
        "stranger",
        "staff",
        "manager",
        "operator",
        "prompt editor",
        "prompt publisher",
        "superuser",
    )
