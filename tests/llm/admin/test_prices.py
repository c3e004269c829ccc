from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from llm import price_list
from llm.models import LongPromptPrice, Route, RoutePrice
from tests.llm import rows
from tests.llm.admin.conftest import Filled, Form


@pytest.fixture
def route(db: None) -> Route:
    """One whose list price has a long prompt's: 1.25 dollars of input, 2.50 over 200,000 tokens."""
    model = rows.model("m", rows.provider("google", kind="google"))
    route = model.routes.select_related("provider").get()
    route.prices.all().delete()
    route.upstream_model = "gemini-2.5-pro"
    route.save()
    price_list.renew(route)
    return route


@pytest.fixture
def price(route: Route) -> RoutePrice:
    return route.prices.latest("valid_from")


def url_of(row: Route | RoutePrice) -> str:
    return reverse(f"admin:llm_{row._meta.model_name}_change", args=[row.pk])


def errors(operator: Client, row: Route | RoutePrice, form: Form) -> str:
    response = operator.post(url_of(row), form)
    assert response.status_code == 200
    return response.content.decode()


def longest() -> tuple[int, int | None]:
    found = LongPromptPrice.objects.order_by("price__valid_from", "above").last()
    assert found is not None
    return found.above, found.input


def test_a_routes_page_says_which_prices_know_long_prompts(route: Route, operator: Client) -> None:
    assert "over 200,000 tokens" in operator.get(url_of(route)).content.decode()


def test_a_price_page_saved_unchanged_stays_the_lists(price: RoutePrice, operator: Client, filled: Filled) -> None:
    before = list(RoutePrice.objects.values()), list(LongPromptPrice.objects.values())
    assert operator.post(url_of(price), filled(url_of(price))).status_code == 302
    assert (list(RoutePrice.objects.values()), list(LongPromptPrice.objects.values())) == before


def test_a_long_prompts_rate_edited_here_is_no_longer_the_lists(
    price: RoutePrice, operator: Client, filled: Filled
) -> None:
    form = filled(url_of(price))
    assert form["long_prompts-0-input"] == "2.5"
    assert operator.post(url_of(price), {**form, "long_prompts-0-input": "3"}).status_code == 302
    price.refresh_from_db()
    assert price.source == "override"
    assert longest() == (200_000, 3_000_000)


def test_a_base_rate_edited_on_the_routes_page_keeps_the_long_prompts(
    route: Route, price: RoutePrice, operator: Client, filled: Filled
) -> None:
    number = route.prices.count() - 1
    assert operator.post(url_of(route), {**filled(url_of(route)), f"prices-{number}-input": "1"}).status_code == 302
    assert route.prices.latest("valid_from").source == "override"
    assert longest() == (200_000, 2_500_000)


def test_a_second_length_can_be_added(price: RoutePrice, operator: Client, filled: Filled) -> None:
    added = {"long_prompts-TOTAL_FORMS": "2", "long_prompts-1-above": "500000", "long_prompts-1-input": "9"}
    assert operator.post(url_of(price), {**filled(url_of(price)), **added}).status_code == 302
    assert list(price.tiers) == [0, 200_000, 500_000]
    assert longest() == (500_000, 9_000_000)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"long_prompts-0-above": "0"}, "Must be 1 or more"),
        ({"long_prompts-0-input": "10000.01"}, "10,000 dollars"),
        ({"long_prompts-0-cache_write": "1"}, "Rates of shorter prompts too: cache_write"),
        ({"input": ""}, "Rates of shorter prompts too: input"),
    ],
)
def test_long_prompts_that_make_no_sense_are_refused(
    price: RoutePrice, operator: Client, filled: Filled, changed: Form, said: str
) -> None:
    assert said in errors(operator, price, {**filled(url_of(price)), **changed})


def test_a_base_rate_cannot_be_taken_from_under_a_long_prompts(
    route: Route, price: RoutePrice, operator: Client, filled: Filled
) -> None:
    """The route's page does not show what it would break."""
    number = route.prices.count() - 1
    said = errors(operator, route, {**filled(url_of(route)), f"prices-{number}-input": ""})
    assert "Prompts over 200,000 tokens have one" in said


def test_a_doubtful_rate_of_long_prompts_is_warned_of(price: RoutePrice, operator: Client, filled: Filled) -> None:
    form = {**filled(url_of(price)), "long_prompts-0-input": "1000.5"}
    page = operator.post(url_of(price), form, follow=True).content.decode()
    assert "over 1,000 dollars per million tokens" in page


def test_an_own_price_taken_away_gives_way_to_the_list(price: RoutePrice, operator: Client) -> None:
    price.claim()
    price.save()
    listed = RoutePrice.objects.count()
    deleted = reverse("admin:llm_routeprice_delete", args=[price.pk])
    assert operator.post(deleted, {"post": "yes"}).status_code == 302
    assert list(RoutePrice.objects.values_list("source", flat=True)) == ["list"] * listed


def test_an_own_price_ends_the_list_from_its_day_on(route: Route, operator: Client, filled: Filled) -> None:
    first, *later = route.prices.all()
    assert later
    assert operator.post(url_of(first), {**filled(url_of(first)), "long_prompts-0-input": "3"}).status_code == 302
    assert [price.source for price in route.prices.all()] == ["override"]


def test_the_queries_of_a_routes_page_do_not_grow_with_its_prices(
    route: Route, operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as few:
        operator.get(url_of(route))
    for year in range(2000, 2010):
        RoutePrice.objects.create(route=route, valid_from=datetime(year, 1, 1, tzinfo=UTC), input=1)
    with django_assert_num_queries(len(few)):
        operator.get(url_of(route))


def test_a_price_is_added_on_its_routes_page_alone(operator: Client) -> None:
    assert operator.get(reverse("admin:llm_routeprice_add")).status_code == 403
