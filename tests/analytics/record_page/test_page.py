"""The page of one record, for those who may read what was said and those who may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from analytics.models import RequestBody, RequestLog
from analytics.partitions import ensure, month_of
from llm.admin.own import POLICY
from llm.call import public_id
from llm.models import ApiKey, Model, Organisation, Provider
from tests.analytics.logbook import DOLLAR, row, write

pytestmark = pytest.mark.django_db

NOW = timezone.now() - timedelta(seconds=1)
PAST = NOW - timedelta(days=31)
SCRIPT = "<script>alert(1)</script>"
PLAN = "a secret plan"
LOG, BODY = "view_requestlog", "view_requestbody"


@pytest.fixture(scope="module", autouse=True)
def _last_month(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Before the tests' transactions: partitions are made in one of their own."""
    with django_db_blocker.unblock():
        ensure(connection, {month_of(NOW), month_of(PAST)})


@pytest.fixture(autouse=True)
def acme(db: None) -> Organisation:
    made = Organisation.objects.create(pk=1, name="acme")
    ApiKey.objects.create(pk=1, name="frontend", organisation=made)
    return made


def reader(*may: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def spoken(told: RequestLog, request: Any = PLAN, answer: Any = None) -> RequestLog:
    write("default", told)
    RequestBody.objects.create(id=told.id, created_at=told.created_at, request=request, answer=answer)
    return told


def page(client: Client, told: RequestLog) -> str:
    response = client.get(f"/admin/analytics/requestlog/{told.pk}/change/")
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == POLICY
    return response.content.decode()


def test_the_policy_runs_nothing_that_is_not_a_file_of_ours() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))

    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in POLICY


def test_nothing_stands_in_the_page_that_the_policy_would_refuse() -> None:
    html = page(reader(LOG, BODY), spoken(row(NOW)))

    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count("<script src=") == 1


def test_what_others_wrote_is_text_wherever_it_stands() -> None:
    attempt = {"provider": SCRIPT, "upstream_model": SCRIPT, "outcome": "error", "error": SCRIPT, "latency_ms": 80.0}
    names = dict.fromkeys(("model", "user_id", "session_id", "request_id", "upstream_id", "finish_reason"), SCRIPT)
    told = row(
        NOW,
        attempts=[attempt],
        tags={SCRIPT: SCRIPT},
        warnings=[SCRIPT],
        sources=[{"title": SCRIPT}],
        error_type="x",
        error_message=SCRIPT,
        **names,
    )
    call = {"id": SCRIPT, "name": SCRIPT, "arguments": SCRIPT}
    request = {"messages": [{"role": SCRIPT, "name": SCRIPT, "content": SCRIPT, "tool_calls": [call]}]}
    spoken(told, request, {"choices": [{"text": SCRIPT, "reasoning": SCRIPT, "finish_reason": SCRIPT}]})

    html = page(reader(LOG, BODY), told)

    assert SCRIPT not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 20


def test_whoever_may_not_read_bodies_sees_money_and_no_word_of_what_was_said() -> None:
    told = row(
        NOW,
        cost=DOLLAR // 4,
        user_id="ada",
        error_type="provider_error",
        error_code="provider_refused",
        error_message=f"You said: {PLAN}",
        sources=[{"title": PLAN}],
    )
    spoken(told, {"messages": [{"role": "user", "content": PLAN}]}, {"choices": [{"text": PLAN}]})

    html = page(reader(LOG), told)

    for known in ("0.25 USD", "acme", "frontend", "ada", "openai", "provider_refused", public_id(told.id)):
        assert known in html
    assert PLAN not in html
    assert "curl" not in html
    assert "for those who may read messages and answers" in html


def test_whoever_may_read_bodies_reads_all_and_can_ask_again() -> None:
    told = row(NOW, error_type="x", error_message=f"You said: {PLAN}", sources=[{"title": "The manual"}])
    spoken(told, {"model": "m", "messages": [{"role": "user", "content": PLAN}]}, {"choices": [{"text": "Good"}]})

    html = page(reader(LOG, BODY), told)

    assert html.count(PLAN) >= 3
    assert "The manual" in html
    assert "curl http://testserver/api/v1/generate/ -H &quot;Authorization: Bearer $KEY&quot;" in html


def test_white_space_stays_as_it_was_written() -> None:
    told = spoken(row(NOW), {"messages": [{"role": "user", "content": "\n  one\n\n    two"}]})

    assert ">\n\n  one\n\n    two</pre>" in page(reader(LOG, BODY), told)


def test_a_body_that_is_gone_says_why(acme: Organisation, settings: Settings) -> None:
    settings.BODY_DAYS = 30
    client = reader(LOG, BODY)
    old, new = row(PAST), row(NOW)
    write("default", old, new)

    assert "are kept for 30 days" in page(client, old)
    assert "were not kept" in page(client, new)
    Organisation.objects.filter(pk=acme.pk).update(keeps_bodies=False)
    assert "Messages and answers of acme are not kept." in page(client, new)


def test_an_unknown_price_is_a_dash_and_a_cached_answer_says_what_it_saved() -> None:
    unknown, hit = row(NOW, cost=None), row(NOW, cost=0, cache="hit", saved=DOLLAR // 2)
    write("default", unknown, hit)
    client = reader(LOG)

    assert '<strong id="total">-</strong>' in page(client, unknown)
    assert "The price is unknown" in page(client, unknown)
    assert '<strong id="total">0 USD</strong>, saved 0.5 USD' in page(client, hit)


def test_names_lead_to_their_pages_for_whoever_may_open_them() -> None:
    made = [Model.objects.create(name="gpt-4o-mini"), Provider.objects.create(name="openai", kind="openai")]
    told = row(NOW)
    write("default", told)
    links = [f"/admin/llm/{kind._meta.model_name}/{kind.pk}/change/" for kind in made]
    links += ["/admin/llm/apikey/1/change/", "/admin/llm/organisation/1/change/"]

    html = page(reader(LOG, *(f"view_{noun}" for noun in ("model", "provider", "apikey", "organisation"))), told)
    assert [link for link in links if f'href="{link}"' not in html] == []
    User.objects.all().delete()
    assert "/admin/llm/" not in page(reader(LOG), told)


def test_what_is_deleted_is_still_told() -> None:
    told = row(NOW, organisation_id=77, key_id=88)
    write("default", told)

    html = page(reader(LOG), told)

    assert "no. 77, deleted" in html
    assert "no. 88, deleted" in html


def test_who_may_not_see_the_log_sees_no_record() -> None:
    told = row(NOW)
    write("default", told)

    for client in (reader(BODY), Client()):
        assert client.get(f"/admin/analytics/requestlog/{told.pk}/change/").status_code in (302, 403)


def test_a_page_asks_few_queries_however_much_was_said(django_assert_max_num_queries: Any) -> None:
    attempts = [{"provider": "openai", "outcome": "error", "latency_ms": 1.0}] * 50
    told = spoken(row(NOW, attempts=attempts), {"messages": [{"role": "user", "content": "x"}] * 500})
    client = reader(LOG, BODY)

    with django_assert_max_num_queries(12):
        page(client, told)
