"""Budgets in the admin: forms that show what applies, and bars that say what the ledger holds."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from llm import periods
from llm.admin import bars
from llm.limits import MemoryMeters, usage
from llm.limits import meters as meters_module
from llm.models import ApiKey, Budget, BudgetWindow, Organisation, Team
from llm.registry import Limits
from tests.llm import rows
from tests.llm.admin.conftest import Filled
from tests.llm.doubles import HandClock

DOLLAR = 10**12
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def key(db: None) -> ApiKey:
    made, _ = rows.key("frontend")
    made.organisation.time_zone = "Europe/Paris"
    made.organisation.save()
    made.team = Team.objects.create(organisation=made.organisation, name="web")
    made.save()
    return made


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars.timezone, "now", lambda: NOW)  # type: ignore[attr-defined]  # where Django's is found


def budget(organisation: Organisation, scope: str, **fields: Any) -> Budget:
    return Budget.objects.create(organisation=organisation, scope=scope, **{"amount": 50 * DOLLAR, **fields})


def spend(of: Budget, spent: float, reserved: float = 0, value: str = "", instant: datetime = NOW) -> None:
    window = periods.window(of.period, instant, of.organisation.time_zone)  # type: ignore[arg-type]  # a column of texts
    amounts = {"spent": int(spent * DOLLAR), "reserved": int(reserved * DOLLAR)}
    BudgetWindow.objects.create(budget=of, value=value, starts_at=window.starts_at, **amounts)


def page(operator: Client, row: Any) -> str:
    return operator.get(f"/admin/llm/{row._meta.model_name}/{row.pk}/change/").content.decode()


def test_a_key_shows_every_budget_that_binds_it(operator: Client, key: ApiKey) -> None:
    own = budget(key.organisation, "key", key=key)
    budget(key.organisation, "team", team=key.team, hard=False)
    budget(key.organisation, "organisation", period="total")
    budget(key.organisation, "user", match="*")
    other, _ = rows.key("other")
    budget(key.organisation, "key", key=other)
    spend(own, 40.125, 1)
    spend(own, 3, instant=datetime(2026, 10, 20, tzinfo=UTC))
    html = page(operator, key)

    assert (
        "40.12 USD of 50.00 USD spent, 1.00 USD reserved by calls in flight, 8.88 USD left; "
        "resets on 1 December, 00:00 (Europe/Paris)." in html
    )
    assert "never resets." in html
    assert "It warns and refuses nothing." in html
    titles = ["Budget of key frontend, a month", "Budget of organisation acme, in all", "Budget of team web, a month"]
    assert sorted(bar.title for bar in bars.of_key(key)) == titles


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"])
def test_a_page_tells_the_reset_as_a_refusal_does(operator: Client, key: ApiKey, zone: str) -> None:
    key.organisation.time_zone = zone
    key.organisation.save()
    touched, untouched = budget(key.organisation, "key", key=key), budget(key.organisation, "organisation")
    spend(touched, 1)
    told = periods.resets(periods.window("month", NOW, zone).ends_at, zone)
    assert told == f"resets on 1 December, 00:00 ({zone})"
    for page_of in (key, touched, untouched):
        assert told in page(operator, page_of)


@pytest.mark.parametrize(
    ("before", "spent_on", "after", "zone", "used", "resets"),
    [
        ("month", 20, "day", "Europe/Paris", 0, "resets on 21 November, 00:00 (Europe/Paris)"),
        ("month", 20, "month", "Asia/Tokyo", 0, "resets on 1 December, 00:00 (Asia/Tokyo)"),
        ("day", 16, "week", "Europe/Paris", 40, "resets on 23 November, 00:00 (Europe/Paris)"),
    ],
    ids=["shorter", "elsewhere", "from the same Monday on"],
)
def test_what_is_drawn_is_the_window_that_counts_now(
    key: ApiKey, before: str, spent_on: int, after: str, zone: str, used: int, resets: str
) -> None:
    own = budget(key.organisation, "key", key=key, period=before)
    spend(own, 40, instant=datetime(2026, 11, spent_on, 12, tzinfo=UTC))
    own.period, own.organisation.time_zone = after, zone
    own.save()
    own.organisation.save()

    (bar,) = bars.of_budgets(Budget.objects.all())
    assert bar.used == used * DOLLAR
    assert resets in bar.said


def test_each_user_has_a_bar_the_biggest_spenders_first(operator: Client, key: ApiKey) -> None:
    each = budget(key.organisation, "user", match="*")
    tagged = budget(key.organisation, "tag", match="customer=*")
    assert bars.of_organisation(key.organisation) == []
    for number in range(12):
        spend(each, number, value=f"u{number}")
    spend(tagged, 1, value="<b>acme</b>")

    titles = [bar.title for bar in bars.of_organisation(key.organisation)]
    assert titles[0] == "Budget of tag customer=<b>acme</b>, a month"
    assert [title.split()[3] for title in titles[1:]] == [f"u{number}," for number in range(11, 1, -1)]
    assert "customer=&lt;b&gt;acme&lt;/b&gt;" in page(operator, key.organisation)


def test_the_list_says_how_much_of_each_is_used_now(operator: Client, key: ApiKey) -> None:
    own, each = budget(key.organisation, "key", key=key), budget(key.organisation, "user", match="*", hard=False)
    budget(key.organisation, "organisation")
    spend(own, 40, 1)
    spend(own, 50, instant=datetime(2026, 10, 20, tzinfo=UTC))
    spend(each, 5, value="ada")
    spend(each, 11, value="bob")
    rows = operator.get("/admin/llm/budget/").context["cl"].result_list
    desk: Any = admin.site._registry[Budget]
    assert {(row.scope, desk.used(row), desk.beyond(row)) for row in rows} == {
        ("key", "80 %", "refuses"),
        ("user", "22 %", "warns"),
        ("organisation", "0 %", "refuses"),
    }


@pytest.mark.parametrize(
    ("spent", "reserved", "state", "widths"),
    [
        (0, 0, "", ("0.0%", "0.0%")),
        (20, 10, "", ("40.0%", "20.0%")),
        (40, 5, "gh-nearly", ("80.0%", "10.0%")),
        (45, 10, "gh-full", ("90.0%", "10.0%")),
        (90, 10, "gh-full", ("100.0%", "0.0%")),
    ],
)
def test_a_bar_is_as_long_as_what_is_used(spent: int, reserved: int, state: str, widths: tuple[str, str]) -> None:
    bar = bars.Bar("", spent, reserved, 50, "")
    assert (bar.state, (bar.used_width, bar.reserved_width)) == (state, widths)


async def test_limits_are_read_and_not_taken() -> None:
    meters = MemoryMeters(clock=HandClock())
    name, limits = usage.of_key(1, 7), Limits(600, 1000, 5)
    taken = await meters.take(meters_module.demands_on(limits, name, "key", tokens=200, window=60))
    for _ in range(2):
        readings = await usage.usage(meters, limits, name)
    shown = [bars._limit_bar(reading, "key frontend") for reading in readings]

    assert taken.short is None
    assert [(bar.title, bar.used, bar.most) for bar in shown] == [
        ("Requests a minute of key frontend", 1, 600),
        ("Tokens a minute of key frontend", 200, 1000),
        ("Requests at once of key frontend", 1, 5),
    ]
    assert shown[1].said == "200 of 1,000 tokens a minute, 800 left; there is more room in 60 s."
    assert shown[2].said == "1 of 5 at once, 4 left."


def test_a_key_shows_its_limits_and_those_above_it(
    operator: Client, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    meters = MemoryMeters(clock=HandClock())
    monkeypatch.setattr(bars, "house", lambda: SimpleNamespace(meters=meters))
    ApiKey.objects.update(requests_per_minute=600)
    Organisation.objects.update(max_concurrency=50)
    provider = rows.provider(tokens_per_minute=90_000)

    html = page(operator, key)
    assert "0 of 600 requests a minute, 600 left." in html
    assert "0 of 50 at once, 50 left." in html
    assert "0 of 90,000 tokens a minute, 90,000 left." in page(operator, provider)


def test_what_is_less_than_a_cent_is_not_nothing() -> None:
    assert [bars.usd(amount) for amount in (0, 1, DOLLAR // 100, 1234567 * DOLLAR)] == [
        "0.00 USD",
        "under 0.01 USD",
        "0.01 USD",
        "1,234,567.00 USD",
    ]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"scope": "key", "key": "frontend"}, ("acme", "frontend", "", "")),
        ({"scope": "team", "team": "web", "match": "left over"}, ("acme", "", "web", "")),
        ({"scope": "organisation", "organisation": "acme", "key": "frontend"}, ("acme", "", "", "")),
        ({"scope": "tag", "organisation": "acme", "match": "customer=*"}, ("acme", "", "", "customer=*")),
    ],
)
def test_what_a_form_does_not_show_for_its_scope_counts_for_nothing(
    operator: Client, key: ApiKey, form: dict[str, Any], found: tuple[str, ...]
) -> None:
    ids = {"frontend": key.pk, "web": key.team_id, "acme": key.organisation_id}
    sent = {name: ids.get(value, value) for name, value in form.items()}
    operator.post("/admin/llm/budget/add/", {"amount": "50", "period": "month", "alert_at": "50, 90 %", **sent})

    made = Budget.objects.get()
    assert (made.organisation.name, str(made.key or ""), str(made.team or ""), made.match) == found
    assert (made.amount, made.alert_at, made.hard) == (50 * DOLLAR, [50, 90], False)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"scope": "organisation"}, "This scope needs it."),
        ({"scope": "key"}, "This scope needs it."),
        ({"scope": "tag", "match": "customer", "organisation": "acme"}, "Must be a tag as name=value"),
        ({"scope": "organisation", "organisation": "acme", "amount": "0"}, "Must be more than 0."),
        ({"scope": "organisation", "organisation": "acme", "amount": "1e999999"}, "Must be a sum of money."),
        ({"scope": "organisation", "organisation": "acme", "amount": "9000000.01"}, "Must be at most 9,000,000."),
        ({"scope": "organisation", "organisation": "acme", "alert_at": "soon"}, "Whole percents with commas"),
        ({"scope": "organisation", "organisation": "acme", "alert_at": "80, 80"}, "none twice"),
        ({"scope": "organisation", "organisation": "acme", "alert_at": "0"}, "from 1 to 1000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(operator: Client, key: ApiKey, form: dict[str, str], words: str) -> None:
    sent = form | ({"organisation": key.organisation_id} if "organisation" in form else {})
    html = operator.post(
        "/admin/llm/budget/add/", {"amount": "50", "period": "month", "alert_at": "80", **sent}
    ).content.decode()
    assert words in html
    assert not Budget.objects.exists()


def test_what_is_bounded_already_is_doubted_where_it_is_said(operator: Client, key: ApiKey) -> None:
    budget(key.organisation, "organisation", amount=20 * DOLLAR)
    own = budget(key.organisation, "key", key=key)
    doubt = "amount is 50, but the budget of organisation acme is no more than 20."
    assert doubt in page(operator, own)
    sent = {"scope": "team", "team": key.team_id, "amount": "50", "period": "month", "hard": "on", "alert_at": "80"}
    assert doubt in operator.post("/admin/llm/budget/add/", sent, follow=True).content.decode()


@pytest.mark.parametrize(("more", "is_made"), [({}, False), ({"hard": ""}, True), ({"period": "day"}, True)])
def test_a_second_hard_budget_of_the_same_is_refused(
    operator: Client, key: ApiKey, more: dict[str, str], is_made: bool
) -> None:
    """A registry file could not say it, so none could be written that says all."""
    budget(key.organisation, "key", key=key)
    sent = {"scope": "key", "key": key.pk, "amount": "60", "period": "month", "hard": "on", "alert_at": "80", **more}
    html = operator.post("/admin/llm/budget/add/", {name: value for name, value in sent.items() if value}).content
    assert ("is there already" in html.decode()) is not is_made
    assert Budget.objects.count() == 1 + is_made


def test_two_that_are_made_at_once_do_not_contradict_each_other(operator: Client, key: ApiKey, filled: Filled) -> None:
    address = f"/admin/llm/apikey/{key.pk}/change/"
    each = {"amount": "5", "period": "day", "alert_at": "80", "hard": "on"}
    rows = {f"budgets-{number}-{name}": value for number in (0, 1) for name, value in each.items()}
    answer = operator.post(address, filled(address) | {"budgets-TOTAL_FORMS": "2"} | rows)
    assert "is there already" in answer.content.decode()
    assert not Budget.objects.exists()


def test_budgets_are_made_on_the_pages_of_what_they_bound(operator: Client, key: ApiKey, filled: Filled) -> None:
    more = {"budgets-TOTAL_FORMS": "1", "budgets-0-amount": "5", "budgets-0-period": "day", "budgets-0-alert_at": "80"}
    of_users = {"budgets-0-scope": "user", "budgets-0-match": "*"}
    for row, extra in ((key, {}), (key.team, {}), (key.organisation, of_users)):
        assert row is not None
        address = f"/admin/llm/{row._meta.model_name}/{row.pk}/change/"
        answer = operator.post(address, filled(address) | more | extra)
        assert answer.status_code == 302, answer.context["errors"]

    made = Budget.objects.order_by("pk")
    assert [(str(row.key or ""), str(row.team or ""), row.match, row.scope) for row in made] == [
        ("frontend", "", "", "key"),
        ("", "web", "", "team"),
        ("", "", "*", "user"),
    ]
    assert {row.organisation for row in made} == {key.organisation}


def test_a_budget_of_another_organisations_key_is_refused(key: ApiKey) -> None:
    stranger, _ = rows.key("stranger", "other")
    with pytest.raises(Exception, match="another organisation"):
        Budget(organisation=key.organisation, scope="key", key=stranger, amount=1).full_clean()
