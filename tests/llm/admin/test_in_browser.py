"""An operator's first hour, in a real browser: a vendor added and tested, a key made and used, the record found."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import Watch, opened, sign_in_as_superuser
from tests.serving import Serving, serving
from tests.upstream import Upstream

RIGHT, WRONG = "sk-right-key-of-the-vendor", "sk-play-status-401"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("operator")) as installed:
        installed.apply({"organisations": [{"name": "acme"}], "models": [{"name": "gpt-4o-mini"}]})
        installed.start()
        yield installed


@pytest.fixture(scope="module")
def window(browser: Browser, served: Serving) -> Iterator[tuple[Page, Watch]]:
    with opened(browser, served.url) as (page, watch):
        sign_in_as_superuser(page, served)
        yield page, watch


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def enter_secret(page: Page, secret: str) -> None:
    page.fill("[name=new_secret]", secret)
    press(page, "Save and continue editing")


def answer_of(page: Page) -> str:
    press(page, "Test")
    return page.inner_text("main") if page.query_selector("main") else page.inner_text("body")


def chosen(page: Page, field: str, name: str) -> None:
    """As somebody does who types into an autocomplete field."""
    page.click(f".field-{field} .select2-selection, [class*='{field}'] .select2-selection >> nth=0")
    page.keyboard.type(name)
    page.click(f".select2-results__option >> text={name}")


def test_a_vendor_is_added_and_tested_with_a_wrong_and_a_right_key(
    window: tuple[Page, Watch], vendor: Upstream
) -> None:
    page, watch = window
    page.goto("/admin/llm/provider/add/")
    page.fill("[name=name]", "fake")
    page.select_option("[name=kind]", "openai")
    page.fill("[name=base_url]", vendor.base_url)
    enter_secret(page, WRONG)
    refused = answer_of(page)
    enter_secret(page, RIGHT)
    accepted = answer_of(page)

    assert "Enter a key that the vendor knows" in refused
    assert "gpt-4o-mini" in accepted
    assert RIGHT not in page.content()
    assert watch.is_quiet


def test_a_key_is_made_and_its_line_answers_in_a_shell(
    window: tuple[Page, Watch], served: Serving, vendor: Upstream
) -> None:
    served.register(vendor.base_url, ["gpt-4o-mini"])
    page, watch = window
    page.goto("/admin/llm/apikey/add/")
    page.fill("[name=name]", "frontend")
    chosen(page, "organisation", "acme")
    press(page, "Save")
    secret, line = page.inner_text("#issued-key"), page.inner_text("pre >> nth=0")
    done = subprocess.run(["sh", "-ec", line], capture_output=True, text=True, timeout=60, check=False)

    assert secret.startswith("gh_")
    assert '"finish_reason": "stop"' in done.stdout or '"finish_reason":"stop"' in done.stdout
    page.goto("/admin/llm/apikey/")
    assert secret not in page.content()
    assert watch.is_quiet


def test_the_record_of_that_call_is_found_and_opened(window: tuple[Page, Watch], served: Serving) -> None:
    page, watch = window
    (row,) = served.rows()
    page.goto("/admin/analytics/requestlog/")
    page.click(f"a[href*='{row['id']}'], #result_list tbody a >> nth=0")
    page.wait_for_load_state()

    assert "frontend" in page.inner_text("main")
    assert "gpt-4o-mini" in page.inner_text("main")
    assert watch.is_quiet
