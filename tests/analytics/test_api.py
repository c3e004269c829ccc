"""The books over HTTP: who sees what, page by page, and what is said of a bad question; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics.models import RequestBody
from llm.call import Caller, new_id, public_id
from llm.models import Organisation
from tests.analytics.logbook import NOON, caller, row, write

SPAN = "from=2026-11-01&to=2026-12-01"

Answer = dict[str, Any]
Get = Callable[..., Any]


class OnlyBooks:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "books"


@pytest.fixture
def get(books: str, settings: Settings) -> Get:
    """GET as a caller, by default one with every right to read; the views read the test's own database."""
    settings.DATABASE_ROUTERS = [OnlyBooks()]

    def ask(path: str, asker: Caller | None = None) -> Any:
        client = APIClient()
        client.force_authenticate(token=asker or caller(scopes=frozenset({"usage", "requests"})))  # type: ignore[arg-type]  # our tokens are Callers
        return client.get(path)

    return ask


def refused(response: Any) -> Any:
    """The parameter that is to blame."""
    assert response.status_code == 422, response.content
    return response.json()["error"]["param"]


def found(response: Any) -> Any:
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_usage_sums_up_what_the_key_may_see(books: str, get: Get) -> None:
    write(books, row(total_tokens=25), row(key_id=2), row(organisation_id=2))

    (sums,) = found(get(f"/api/v1/usage/?{SPAN}"))
    assert (sums["total_requests"], sums["total_tokens"], sums["total_cost"]) == (1, 25, "1")
    assert sums["last_request"] == "2026-11-20T12:00:00Z"

    wide = caller(scopes=frozenset({"usage", "organisation"}))
    assert found(get(f"/api/v1/usage/?{SPAN}", wide))[0]["total_requests"] == 2


def test_usage_is_of_this_month_in_the_organisations_zone(
    books: str, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Kiritimati (UTC+14) November begins on the 31st of October at 10 o'clock UTC."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    Organisation.objects.using(books).bulk_create([Organisation(pk=1, name="acme", time_zone="Pacific/Kiritimati")])
    begins = datetime(2026, 10, 31, 10, tzinfo=UTC)
    write(books, row(begins), row(begins - timedelta(minutes=1)))

    response = get("/api/v1/usage/")

    assert response.json() | {"results": []} == {
        "results": [],
        "from": "2026-10-31T10:00:00Z",
        "to": "2026-11-30T10:00:00Z",
        "zone": "Pacific/Kiritimati",
    }
    assert found(response)[0]["total_requests"] == 1


def test_usage_groups_and_filters_as_asked(books: str, get: Get) -> None:
    write(books, row(user_id="u1"), row(user_id="u2"), row(user_id="u1", status="error"))

    rows = found(get(f"/api/v1/usage/?{SPAN}&group_by=user,day&status=ok&zone=Asia/Tokyo"))

    assert [(part["user"], part["day"], part["total_requests"]) for part in rows] == [
        ("u1", "2026-11-20", 1),
        ("u2", "2026-11-20", 1),
    ]


@pytest.mark.parametrize("path", ["/api/v1/usage/", "/api/v1/requests/", "/api/v1/requests/gen_x/"])
def test_without_a_key_nothing_is_told(path: str) -> None:
    response = APIClient().get(path)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "missing_api_key"


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/api/v1/usage/", "requests"), ("/api/v1/requests/", "usage"), (f"/api/v1/requests/gen_{UUID(int=7)}/", "usage")],
)
def test_each_resource_asks_for_its_own_scope(get: Get, path: str, scope: str) -> None:
    assert get(path, caller(scopes=frozenset({scope}))).status_code == 403


def test_requests_come_newest_first_with_the_fields_of_an_answer(books: str, get: Get) -> None:
    attempt = {"provider": "openai", "upstream_model": "mini", "outcome": "ok", "error": None, "latency_ms": 90.4}
    newest = row(NOON + timedelta(seconds=1), attempts=[attempt], cost=None, first_token_ms=30.2, cache="hit")
    write(books, row(NOON, status="error", error_type="provider_error", error_code="x", error_message="y"), newest)

    first, second = found(get("/api/v1/requests/"))

    assert first["id"] == first["request_id"] == public_id(newest.id)
    assert first["created_at"] == "2026-11-20T12:00:01.000Z"
    assert (first["cost"], first["latency_ms"], first["first_token_ms"]) == (None, 100, 30)
    unknown = {"model": None, "reason": None, "started_ms": None, "cost": None}
    nothing = {"queue_ms": 0, "prompt_tokens": 0, "completion_tokens": 0}
    assert first["metadata"]["attempts"] == [attempt | {"latency_ms": 90} | unknown | nothing]
    assert (first["metadata"]["cache_hit"], first["error"], "content" in first) == (True, None, False)
    assert (second["status"], second["cost"]) == ("error", "1")
    assert second["error"] == {"type": "provider_error", "code": "x", "message": "y"}


def test_pages_follow_one_another_without_gap_or_double(books: str, get: Get) -> None:
    """Seven rows of one instant among them, so that the instant alone cannot tell where a page ended."""
    rows = [row(NOON) for _ in range(7)] + [row(NOON - timedelta(hours=hours)) for hours in range(1, 6)]
    write(books, *rows)

    seen, path = [], "/api/v1/requests/?limit=5"
    while path:
        page = get(path).json()
        seen.append([record["id"] for record in page["results"]])
        path = page["next"]

    newest = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    assert [len(page) for page in seen] == [5, 5, 2]
    assert [name for page in seen for name in page] == [public_id(row.id) for row in newest]


def test_a_page_stays_where_it_is_while_rows_arrive(books: str, get: Get) -> None:
    write(books, *(row(NOON - timedelta(minutes=minutes)) for minutes in range(4)))
    following = get("/api/v1/requests/?limit=2").json()["next"]
    expected = get(following).json()

    write(books, row(NOON + timedelta(minutes=1)))

    assert get(following).json() == expected


def test_the_next_page_is_asked_with_the_same_filters(books: str, get: Get) -> None:
    write(books, *(row(NOON, status=status) for status in ("ok", "ok", "error", "error")))

    page = get(f"/api/v1/requests/?limit=1&status=error&{SPAN}").json()
    rest = get(page["next"]).json()

    assert [record["status"] for record in rest["results"]] == ["error"]
    assert rest["next"] is None


def test_requests_of_a_span_alone_where_one_is_asked(books: str, get: Get) -> None:
    write(books, row(NOON), row(NOON - timedelta(days=1)), row(NOON + timedelta(days=1)))

    assert len(found(get("/api/v1/requests/"))) == 3
    assert len(found(get("/api/v1/requests/?from=2026-11-20&to=2026-11-21"))) == 1


def test_the_list_takes_the_same_few_queries_however_long(books: str, get: Get, django_assert_num_queries: Any) -> None:
    from_books = {"using": books}
    for size in (1, 30):
        write(books, *(row(NOON) for _ in range(size)))
        with django_assert_num_queries(3, **from_books):
            get("/api/v1/requests/")


def test_one_record_is_told_with_what_was_answered(books: str, get: Get) -> None:
    told = row(NOON)
    write(books, told)
    choice = {
        "text": "Hello",
        "reasoning": "",
        "refusal": "",
        "tool_calls": [{"id": "c1", "name": "f", "arguments": "{}", "kind": "function", "extra": None}],
    }
    RequestBody.objects.using(books).create(id=told.id, created_at=NOON, answer={"choices": [choice]})

    answer = get(f"/api/v1/requests/{public_id(told.id)}/").json()

    assert (answer["content"], answer["reasoning"], answer["refusal"]) == ("Hello", None, None)
    assert answer["tool_calls"] == [{"id": "c1", "name": "f", "arguments": "{}"}]


@pytest.mark.parametrize("answer", [None, {}, {"choices": []}, {"choices": None}])
def test_what_was_not_kept_is_null(books: str, get: Get, answer: Any) -> None:
    bare, empty = row(NOON), row(NOON)
    write(books, bare, empty)
    RequestBody.objects.using(books).create(id=empty.id, created_at=NOON, answer=answer)

    for told in (bare, empty):
        said = get(f"/api/v1/requests/{public_id(told.id)}/").json()
        assert (said["content"], said["tool_calls"]) == (None, [])


def test_somebody_elses_record_is_as_unknown_as_one_that_never_was(books: str, get: Get) -> None:
    colleagues, strangers = row(NOON, key_id=2), row(NOON, key_id=2, organisation_id=2)
    write(books, colleagues, strangers)

    refusals = [get(f"/api/v1/requests/{public_id(identity)}/") for identity in (colleagues.id, strangers.id, new_id())]

    assert [refusal.status_code for refusal in refusals] == [404, 404, 404]
    told = [refusal.json()["error"] | {"request_id": ""} for refusal in refusals]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    "name",
    [
        "gen_",
        "x",
        str(UUID(int=7)),
        "gen_{00000000-0000-0000-0000-000000000000}",
        "gen_ffffffff-ffff-ffff-ffff-ffffffffffff",
        "gen_00000000-0000-0000-0000-00000000000G",
        "gen_\x00",
        "é" * 300,
    ],
)
def test_an_id_that_is_none_is_not_found(get: Get, name: str) -> None:
    assert get(f"/api/v1/requests/{quote(name)}/").status_code == 404


BAD = [
    ("group_by", ["", "nonsense", "model,", "model,nonsense", "model,\x00", "hour,day;drop"]),
    (
        "zone",
        ["", "Mars/Olympus", "../etc/passwd", "Europe", "europe/paris", "localtime", "\x00", "x" * 999, "posixrules"],
    ),
    ("from", ["", "yesterday", "2026-13-01", "2026-11-20T25:00", "\x00", "99999-01-01", "NaN", "1e9", "2026-02-30"]),
    ("to", ["2026-10-01", "2026-11-01", "0001-01-01", "never"]),
    ("status", ["", "fine", "OK"]),
    ("cache", ["maybe"]),
    ("version", ["0", "-1", "1.0", "9" * 400, "²", "x", "99999999999"]),
    ("model", ["\x00", "x" * 301]),
    ("form", ["2026-11-01"]),
]
BAD_IN_LISTS = [
    ("limit", ["0", "1001", "-5", "", "ten", "9" * 5000, "1e2", "٣"]),
    ("cursor", ["", "x", "é", "_" * 32, "AAAA", "////", "\x00", "z" * 400]),
    ("group_by", ["model"]),
    ("page", ["2"]),
]


@pytest.mark.parametrize(("name", "values"), BAD)
def test_a_bad_parameter_of_usage_is_named(get: Get, name: str, values: list[str]) -> None:
    first = "" if name == "from" else "from=2026-11-01&"
    for value in values:
        assert refused(get(f"/api/v1/usage/?{first}{name}={quote(value)}")) == name, value


@pytest.mark.parametrize(("name", "values"), BAD_IN_LISTS)
def test_a_bad_parameter_of_requests_is_named(get: Get, name: str, values: list[str]) -> None:
    for value in values:
        assert refused(get(f"/api/v1/requests/?{name}={quote(value)}")) == name, value


def test_a_parameter_given_twice_is_named(get: Get) -> None:
    response = get("/api/v1/usage/?zone=UTC&zone=UTC")

    assert refused(response) == "zone"


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01",
        "from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-12:00",
        "to=9999-12-31",
        "to=0001-01-01",
        "from=9999-12-31",
        "from=1970-01-01&to=2100-01-01&group_by=hour,day,month&zone=Africa/Casablanca",
        "from=2026-11-20T12:00:00 01:00",
        "from=20261120&to=2026-W48",
        "from=2026-11-20T12:00&zone=Asia/Kathmandu&group_by=hour",
        "model=%C3%A9&provider=%27%3B--&team=%25&user=%F0%9F%A4%96",
        "model=%ff%fe",
        "group_by=" + ",".join(["model"] * 20),
        "zone=UTC&key=frontend&organisation=acme&version=2147483647",
    ],
)
def test_an_odd_question_is_still_one(books: str, get: Get, query: str) -> None:
    write(books, row(NOON))

    assert get(f"/api/v1/usage/?{query}").status_code == 200
    if "group_by" not in query:
        assert get(f"/api/v1/requests/?{query}").status_code == 200
