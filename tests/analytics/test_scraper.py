"""Who may read `/metrics`: a scraper on this machine, or whoever holds the token; a proxy changes neither."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from analytics.metrics import metrics_view

TOKEN = "scrape-me-please"


@pytest.fixture(autouse=True)
def _surroundings(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    settings.TRUSTED_PROXIES = []


def status(peer: str | None = "127.0.0.1", **headers: str) -> int:
    said: dict[str, Any] = {f"HTTP_{name.upper()}": text for name, text in headers.items()}
    request = RequestFactory().get("/metrics", **said)
    if peer is None:
        del request.META["REMOTE_ADDR"]
    else:
        request.META["REMOTE_ADDR"] = peer
    return metrics_view(request).status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_may_read(peer: str) -> None:
    assert status(peer) == 200


@pytest.mark.parametrize("peer", ["203.0.113.9", "10.0.0.7", "::ffff:10.0.0.7", "", "unix", None])
def test_others_may_not(peer: str | None) -> None:
    assert status(peer) == 401


@pytest.mark.parametrize(
    "trace", ["x_forwarded_for", "forwarded", "x_real_ip", "via", "x_forwarded_host", "x_forwarded_proto"]
)
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(trace: str) -> None:
    assert status(**{trace: "127.0.0.1"}) == 401


def test_a_trusted_proxy_may_say_that_its_client_is_local(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]

    assert status(x_forwarded_for="127.0.0.1") == 200
    assert status(x_forwarded_for="203.0.113.9") == 401


def test_what_a_client_wrote_before_the_trusted_proxy_counts_for_nothing(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    assert status(x_forwarded_for="127.0.0.1, 203.0.113.9") == 401
    assert status(x_forwarded_for="127.0.0.1, not-an-address") == 401


def test_a_trusted_proxy_on_another_machine_has_another_loopback(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.5"]

    assert status("10.0.0.5", x_forwarded_for="127.0.0.1") == 401


def test_the_token_opens_the_page_from_anywhere(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert status("203.0.113.9", authorization=f"Bearer {TOKEN}") == 200
    assert status("203.0.113.9", authorization=f"bearer {TOKEN}", x_forwarded_for="198.51.100.1") == 200


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_anything_but_the_token_does_not(settings: Settings, said: str) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert status("203.0.113.9", authorization=said) == 401


def test_no_token_configured_is_no_token_accepted() -> None:
    assert status("203.0.113.9", authorization="Bearer ") == 401


def test_the_page_is_for_reading_only(rf: RequestFactory) -> None:
    assert metrics_view(rf.post("/metrics")).status_code == 405


def test_the_stock_sides_families_are_on_the_page(rf: RequestFactory, client: Client) -> None:
    client.get("/nowhere/")
    page = metrics_view(rf.get("/metrics")).content.decode()

    assert "django_http_requests_before_middlewares_total" in page
    assert "llm_cache_hits_total" in page
