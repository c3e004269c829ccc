"""The browser of the tests: found or installed, signed in as people are, and blind to the world outside."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import services
from tests.browser import NAMES, PACKAGES, opened, sign_in_as_superuser
from tests.serving import Serving, serving

WELCOME = (
    "from django.contrib.auth.models import User; from llm import welcome; print(welcome.path_for(User.objects.get()))"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as installed:
        installed.start()
        yield installed


def test_a_person_signs_in_with_their_password_or_by_the_welcome_link(browser: Browser, served: Serving) -> None:
    with opened(browser, served.url) as (page, watch):
        sign_in_as_superuser(page, served)
        assert page.title() == "Overview | Gatehouse"
    link = served.manage("shell", "-v", "0", "-c", WELCOME).strip()
    with opened(browser, served.url) as (page, watch):
        page.goto(link)
        assert page.url == f"{served.url}/admin/"
    assert watch.is_quiet


def test_what_a_page_does_is_noted(browser: Browser, served: Serving) -> None:
    with opened(browser, served.url) as (page, watch):
        page.goto("/healthz")  # no page, and so without a policy
        page.set_content("<script>alert('dialog'); console.error('said'); nothing()</script><img src=//evil.example>")
        page.evaluate("new Promise(requestAnimationFrame)")

    assert watch.dialogs == ["dialog"]
    assert watch.outside == ["http://evil.example/"]
    assert "said" in watch.errors
    assert any("nothing is not defined" in error for error in watch.errors)


def test_a_missing_browser_that_may_not_be_installed_names_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_installed", lambda *names: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(services.ServiceMissing, match=r"Run `.+ install .*chromium` as an administrator\."):
        services.program(*NAMES, packages=PACKAGES)
