"""The playground in a real browser, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Scheme, Watch, opened, sign_in
from tests.prompts.playground.served import EDITOR, MANAGER, READER, client, furnish
from tests.serving import Serving, serving

SERIOUS = ("serious", "critical")
HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> {{ 7*7 }}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("playground")) as installed:
        furnish(installed)
        yield installed


@pytest.fixture
def window(browser: Browser, served: Serving) -> Iterator[tuple[Page, Watch]]:
    with opened(browser, served.url) as (page, watch):
        sign_in(page, EDITOR)
        page.goto("/playground/")
        yield page, watch


def column(page: Page, number: int = 1) -> Locator:
    return page.get_by_role("region", name=f"Column {number}", exact=True)


def says(page: Page, text: str) -> None:
    page.get_by_label("Message 1", exact=True).fill(text)


def state(page: Page, word: str, number: int = 1) -> None:
    expect(column(page, number).locator("[data-part=state]")).to_have_text(word)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def answer(page: Page, number: int = 1) -> Locator:
    return column(page, number).locator("[data-part=answer]")


def test_an_answer_is_seen_while_it_comes_and_its_figures_afterwards(
    window: tuple[Page, Watch], served: Serving
) -> None:
    page, watch = window
    column(page).get_by_label("Model").select_option("echo-slow")
    says(page, "one two three four")
    press(page, "Run all")

    expect(answer(page)).to_have_text("one ")
    state(page, "Answering")
    state(page, "Finished")
    expect(answer(page)).to_have_text("one two three four")
    figures = column(page).locator("[data-part=figures]").inner_text()
    assert {"First token", "Took", "Tokens", "Cost", "Ended"} <= set(figures.splitlines())
    assert "4 out" in figures
    assert "came to its end" in figures
    assert watch.is_quiet
    (row,) = [row for row in served.rows() if row["model"] == "echo-slow"]
    assert (row["user_id"], row["surface"], row["status"]) == (EDITOR, "websocket", "ok")
