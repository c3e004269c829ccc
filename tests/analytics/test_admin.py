"""The log in the admin: read by who may, written by nobody, never counted."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from analytics.models import RequestBody, RequestLog
from analytics.partitions import ensure, month_of
from llm.call import public_id
from llm.models import ApiKey, Model, Organisation, Provider
from tests.analytics.logbook import row, write

pytestmark = pytest.mark.django_db

LIST = "/admin/analytics/requestlog/"
NOW = timezone.now() - timedelta(seconds=1)


def page_of(told: RequestLog) -> str:
    return f"{LIST}{told.pk}/change/"


@pytest.fixture(scope="module", autouse=True)
def _last_month(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Before the tests' transactions: partitions are made in one of their own."""
    with django_db_blocker.unblock():
        ensure(connection, {month_of(NOW), month_of(NOW - timedelta(days=31))})


@pytest.fixture
def staff(admin_client: Client) -> Client:
    acme = Organisation.objects.create(pk=1, name="acme")
    ApiKey.objects.create(pk=1, name="frontend", organisation=acme)
    return admin_client


def reader(*may: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def cells(page: str, column: str) -> list[str]:
    return re.findall(rf'<td class="field-{column}\b[^>]*>([^<]*)</td>', page)


def test_the_list_shows_the_newest_first_with_key_cost_and_latency(staff: Client) -> None:
    write(
        "default",
        row(NOW - timedelta(seconds=1), model="former"),
        row(NOW, model="latter", cost=2_500_000, latency_ms=1234),
    )

    page = text(staff, LIST)

    assert page.index("latter") < page.index("former")
    assert "frontend" in page
    assert "0.0000025 USD" in page
    assert "1,234 ms" in page


def test_an_unknown_price_is_a_dash(staff: Client) -> None:
    write("default", row(NOW, cost=None))

    assert cells(text(staff, LIST), "paid") == ["-"]


def test_the_list_counts_nothing_and_asks_the_same_few_queries(staff: Client) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert staff.get(LIST).status_code == 200
        return [query["sql"] for query in captured]

    write("default", *(row(NOW) for _ in range(51)))
    few = queries()
    write("default", *(row(NOW) for _ in range(200)))
    many = queries()

    assert len(few) == len(many)
    assert not [sql for sql in many if "COUNT(" in sql.upper()]


def test_pages_follow_one_another_to_the_end(staff: Client) -> None:
    rows = [row(NOW - timedelta(seconds=age)) for age in range(120)]
    write("default", *rows)

    sizes = [text(staff, f"{LIST}?p={page}").count("field-instant") for page in (1, 2, 3)]

    assert sizes == [50, 50, 20]
    assert "?p=3" in text(staff, f"{LIST}?p=2")
    assert "?p=4" not in text(staff, f"{LIST}?p=3")


@pytest.mark.parametrize("page", ["9", "0", "-1", "x", "99999999999999999999", "²", "all="])
def test_a_page_that_is_none_breaks_nothing(staff: Client, page: str) -> None:
    write("default", *(row(NOW) for _ in range(60)))

    assert text(staff, f"{LIST}?p={page}").count("field-instant") <= 50
    assert text(staff, f"{LIST}?all=").count("field-instant") == 50


@pytest.mark.parametrize("chosen", ["status=error", "provider=anthropic", "model=claude", "key_id=2"])
def test_a_filter_leaves_what_was_chosen(staff: Client, chosen: str) -> None:
    Provider.objects.create(name="anthropic", kind="anthropic")
    Model.objects.create(name="claude")
    write("default", row(NOW), row(NOW, status="error", provider="anthropic", model="claude", key_id=2))

    page = text(staff, f"{LIST}?{chosen}")

    assert page.count("field-instant") == 1
    assert cells(page, "model") == ["claude"]


@pytest.mark.parametrize("number", ["x", "-1", "²", "9" * 30])
def test_a_key_that_is_none_breaks_nothing(staff: Client, number: str) -> None:
    write("default", row(NOW))

    assert staff.get(f"{LIST}?key_id={number}", follow=True).status_code == 200


def test_a_key_is_chosen_by_its_name_and_organisation(staff: Client) -> None:
    assert "frontend of acme" in text(staff, LIST)


def test_a_week_is_shown_unless_more_is_asked_for(staff: Client) -> None:
    write("default", row(NOW), row(NOW - timedelta(hours=2)), row(NOW - timedelta(days=8)))

    shown = {
        when: text(staff, f"{LIST}?when={when}").count("field-instant") for when in ("hour", "day", "month", "all")
    }

    assert shown == {"hour": 1, "day": 2, "month": 3, "all": 3}
    assert text(staff, LIST).count("field-instant") == 2


def test_an_id_is_found_wherever_in_time_it_lies(staff: Client) -> None:
    old = row(NOW - timedelta(days=20))
    write("default", old, row(NOW))

    assert text(staff, f"{LIST}?q={public_id(old.id)}").count("field-instant") == 1
    for nonsense in ("nothing", "gen_ffffffff-ffff-ffff-ffff-ffffffffffff"):
        assert "field-instant" not in text(staff, f"{LIST}?q={nonsense}")


def test_nobody_writes(staff: Client) -> None:
    told = row(NOW)
    write("default", told)

    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}add/", {}).status_code == 403
    assert staff.post(page_of(told), {"status": "ok"}).status_code == 403
    assert staff.post(f"{LIST}{told.pk}/delete/", {"post": "yes"}).status_code == 403
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [str(told.pk)]})
    assert RequestLog.objects.get() == told


def test_who_may_not_view_sees_nothing() -> None:
    assert reader().get(LIST).status_code == 403


def test_an_id_that_is_none_leads_back(staff: Client) -> None:
    for name in ("x", "gen_", "ffffffff-ffff-ffff-ffff-ffffffffffff"):
        assert staff.get(f"{LIST}{name}/change/").status_code == 302


def test_bodies_have_no_list_of_their_own() -> None:
    assert not admin.site.is_registered(RequestBody)
