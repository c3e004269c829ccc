"""Examples in a real browser: written, run on two versions, watched and compared."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Scheme, fits, opened, serious, sign_in
from tests.prompts.furnished import EDITOR
from tests.serving import Serving


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_an_example_is_written_run_and_compared(browser: Browser, served: Serving, scheme: Scheme, width: int) -> None:
    (prompt,) = [row["id"] for row in served.rows("prompts_prompt") if row["name"] == "farewell"]
    found: list[str] = []
    with opened(browser, served.url, scheme) as (page, watch):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, EDITOR)
        page.goto(f"/admin/prompts/prompt/{prompt}/examples/add/")
        found += serious(page)
        page.get_by_label("Name").fill(f"In {scheme}")
        page.get_by_label("customer").fill("Eva")
        page.get_by_label("Type").first.select_option("equals")
        page.get_by_label("Text").first.fill("Bye Eva")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text(f"In {scheme} is saved.")).to_be_visible()
        found += serious(page)
        page.get_by_label(f"Run In {scheme}").check()
        page.get_by_label("On version").select_option("1")
        page.get_by_label("and", exact=True).first.select_option("2")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="done")).to_be_visible()
        found += serious(page)

        expect(page.locator("ins")).to_contain_text("Good bye")
        expect(page.get_by_text("changed", exact=True)).to_be_visible()
        assert found == []
        assert fits(page)
        assert watch.is_quiet


def test_a_check_shows_the_fields_of_its_type_and_sends_no_others(browser: Browser, served: Serving) -> None:
    (prompt,) = [row["id"] for row in served.rows("prompts_prompt") if row["name"] == "farewell"]
    with opened(browser, served.url) as (page, watch):
        sign_in(page, EDITOR)
        page.goto(f"/admin/prompts/prompt/{prompt}/examples/add/")
        check = page.locator("[data-check]").first
        page.get_by_label("Name").fill("Of many minds")
        page.get_by_label("customer").fill("Eva")
        expect(check.get_by_label("Text")).to_be_hidden()
        check.get_by_label("Type").select_option("has a number in a range")
        check.get_by_label("At least").fill("1")
        check.get_by_label("Type").select_option("satisfies a grader")
        check.get_by_label("Question").fill("Is it kind?")
        check.get_by_label("Grader's model").fill("echo")
        check.get_by_label("Type").select_option("is not too long")
        expect(check.get_by_label("Question")).to_be_hidden()
        check.get_by_label("At most").fill("80")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Of many minds is saved.")).to_be_visible()
        assert watch.is_quiet
    (row,) = [row for row in served.rows("prompts_example") if row["name"] == "Of many minds"]
    assert json.loads(row["checks"]) == [{"type": "max_length", "max": 80}]


def test_a_run_is_watched_and_survives_a_reload(browser: Browser, served: Serving) -> None:
    (prompt,) = [row["id"] for row in served.rows("prompts_prompt") if row["name"] == "slow"]
    with opened(browser, served.url) as (page, watch):
        sign_in(page, EDITOR)
        page.goto(f"/admin/prompts/prompt/{prompt}/examples/add/")
        page.get_by_label("Name").fill("Once")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="0 of 1")).to_be_visible()
        page.reload()
        expect(page.get_by_role("progressbar")).to_be_visible()

        expect(page.get_by_role("status").filter(has_text="done")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("one two three")).to_be_visible()
        assert watch.is_quiet
