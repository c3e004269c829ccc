from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from llm.models import Model, Provider, Route, RoutePrice
from tests.llm import rows
from tests.llm.admin.conftest import Filled


def route_url(route: Route) -> str:
    return reverse("admin:llm_route_change", args=[route.pk])


@pytest.fixture
def openai(db: None) -> Provider:
    return rows.provider()


@pytest.fixture
def listed(openai: Provider, operator: Client, filled: Filled) -> Route:
    """A route that an operator has added to a model."""
    model = rows.model("gpt-4o-mini")
    url = reverse("admin:llm_model_change", args=[model.pk])
    added = {
        "routes-TOTAL_FORMS": "1",
        "routes-0-provider": str(openai.pk),
        "routes-0-upstream_model": "gpt-4o-mini",
        "routes-0-order": "1",
        "routes-0-weight": "1",
        "aliases-TOTAL_FORMS": "1",
        "aliases-0-name": "small",
    }
    assert operator.post(url, {**filled(url), **added}).status_code == 302
    assert Model.objects.get().aliases.get().name == "small"
    return Route.objects.get()


def test_a_new_route_has_the_list_price(listed: Route) -> None:
    assert set(listed.prices.values_list("source", "input")) == {("list", 150_000)}


def test_a_price_edited_here_is_no_longer_the_lists(listed: Route, operator: Client, filled: Filled) -> None:
    form = filled(route_url(listed))
    assert form["prices-0-input"] == "0.15"
    assert operator.post(route_url(listed), {**form, "prices-0-input": "0.30"}).status_code == 302
    price = RoutePrice.objects.get()
    assert (price.source, price.input, price.output) == ("override", 300_000, 600_000)


def test_a_page_saved_unchanged_changes_no_price(listed: Route, operator: Client, filled: Filled) -> None:
    before = list(RoutePrice.objects.values())
    assert operator.post(route_url(listed), filled(route_url(listed))).status_code == 302
    assert list(RoutePrice.objects.values()) == before


@pytest.mark.parametrize(
    ("price", "said"),
    [("-1", "Must be 0 or more"), ("10000.01", "10,000 dollars"), ("0.0000001", "6 decimal places")],
)
def test_a_price_out_of_bounds_is_refused(
    listed: Route, operator: Client, filled: Filled, price: str, said: str
) -> None:
    response = operator.post(route_url(listed), {**filled(route_url(listed)), "prices-0-input": price})
    assert said in response.content.decode()


def test_a_doubtful_price_is_warned_of(listed: Route, operator: Client, filled: Filled) -> None:
    form = {**filled(route_url(listed)), "prices-0-input": str(Decimal("1000.5"))}
    response = operator.post(route_url(listed), form, follow=True)
    assert "over 1,000 dollars per million tokens" in response.content.decode()


@pytest.mark.parametrize(("days", "said"), [(-1, "retired"), (30, "retires")])
def test_a_retirement_is_seen_in_the_lists(operator: Client, openai: Provider, days: int, said: str) -> None:
    day = timezone.now().date() + timedelta(days=days)
    rows.model("old", openai, retires_on=day)
    for noun in ("model", "route"):
        assert f"{said} {day:%d %b %Y}" in operator.get(f"/admin/llm/{noun}/").content.decode()


def test_the_pages_of_a_retired_model_and_its_routes_warn(operator: Client, openai: Provider) -> None:
    day = timezone.now().date()
    old = rows.model("old", openai, retires_on=day, successor=rows.model("new", openai))
    for url in (reverse("admin:llm_model_change", args=[old.pk]), route_url(old.routes.get())):
        page = operator.get(url).content.decode()
        assert "its vendor may refuse it at any time. Callers should ask for new now." in page


def test_prices_and_windows_have_their_units(operator: Client, openai: Provider) -> None:
    rows.model("gpt", openai, context_window=128_000)
    assert "128,000 tokens" in operator.get("/admin/llm/model/").content.decode()
    for noun in ("route", "routeprice"):
        assert "1 USD in, 1 USD out" in operator.get(f"/admin/llm/{noun}/").content.decode()
