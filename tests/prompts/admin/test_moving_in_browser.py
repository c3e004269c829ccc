"""Labels moved in a real browser: by keyboard alone, between several versions, and by two people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Scheme, answered, fits, opened, serious, sign_in
from tests.prompts.admin.served import EDITOR, PUBLISHER, SECOND, furnish
from tests.serving import Serving, serving

MOST_STOPS = 60
"""Presses of Tab within which all of a page is reached."""
IS_SEEN = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}"""
NAME = """() => {
  const { activeElement: one } = document;
  return (one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
}"""
WRITE = """
from prompts.wording import Line, Wording
from prompts.writing.authors import Author
from prompts.writing.editing import Details, create, save_version, secure
author = Author("ada", None, may_publish=True, may_secure=True)
prompt = create(Details({name!r}), author, None)
for said in ("First words", "Second words", "Third thoughts"):
    save_version(prompt, Wording((Line("user", said),)), author)
secure(prompt, author, needs_green=False, needs_approval={four_eyes!r})
print(prompt.pk)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("moving")) as installed:
        furnish(installed)
        yield installed


def written(served: Serving, name: str, *, four_eyes: bool = False) -> str:
    """The address of a prompt with three versions."""
    printed = served.manage("shell", "-v0", "-c", WRITE.format(name=name, four_eyes=four_eyes))
    return f"/admin/prompts/prompt/{printed.split()[-1]}/"


def reach(page: Page, name: str) -> None:
    """By pressing Tab, until the focus is on what is called so; wherever it is on its way, it is seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_SEEN), page.evaluate(NAME)
        if page.evaluate(NAME) == name:
            return
    raise AssertionError(f"Tab never reaches {name}.")


def follow(page: Page, name: str) -> None:
    """To the next page, by Enter."""
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def means(page: Page, label: str, words: str) -> None:
    expect(page.get_by_role("region", name="Labels").get_by_role("row", name=label)).to_contain_text(words)


def test_a_label_is_moved_rolled_back_and_its_history_read_by_keyboard_alone(browser: Browser, served: Serving) -> None:
    home = written(served, "keys-alone")
    with opened(browser, served.url) as (page, watch):
        sign_in(page, PUBLISHER)
        for version, words in (("1", "First"), ("3", "Third")):
            page.goto(f"{home}labels/production/move/")
            reach(page, "To version")
            page.keyboard.type(version)
            follow(page, "Show what changes")
            reach(page, "Why?")
            page.keyboard.type(f"{words} is ready")
            follow(page, f"Move production to version {version}")
            means(page, "production", f"version {version}")

        follow(page, "History")
        expect(page.get_by_role("row", name="Third is ready")).to_contain_text("from version 1")
        follow(page, "What changed")
        expect(page.locator("ins")).to_have_text("Third thoughts")
        follow(page, "Side by side")
        expect(page.get_by_text("Version 3", exact=True)).to_be_visible()
        follow(page, "keys-alone")
        follow(page, "Roll back")
        expect(page.locator("ins")).to_have_text("First words")
        expect(page.get_by_label("Why?")).to_have_value("Back to version 1")
        follow(page, "Move production to version 1")
        means(page, "production", "version 1")
        assert watch.is_quiet, watch


def test_a_label_is_split_between_three_versions_by_keyboard_alone(browser: Browser, served: Serving) -> None:
    home = written(served, "split-keys")
    with opened(browser, served.url) as (page, watch):
        sign_in(page, EDITOR)
        page.goto(f"{home}labels/staging/move/")
        reach(page, "To version")
        page.keyboard.type("1")
        follow(page, "Split it between versions")
        for key in ("2", "Tab", "1", "Shift+Tab", "Shift+Tab", "2"):
            page.keyboard.press(key)
        follow(page, "One more version")
        for key in ("3", "Tab", "1"):
            page.keyboard.press(key)
        follow(page, "Show what changes")
        reach(page, "Why? as you like")
        follow(page, "Move staging to versions 1 (50 %), 2 (25 %) and 3 (25 %)")
        means(page, "staging", "versions 1 (50 %), 2 (25 %) and 3 (25 %)")
        assert watch.is_quiet, watch


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_a_move_takes_two_people_who_both_see_what_it_changes(
    browser: Browser, served: Serving, scheme: Scheme, width: int
) -> None:
    home = written(served, f"four-eyes-{scheme}-{width}", four_eyes=True)
    found: dict[str, list[str]] = {}
    with opened(browser, served.url, scheme) as (page, watch):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, PUBLISHER)
        page.goto(f"{home}labels/production/move/?to=2&weight=9&to=3&weight=1")
        page.get_by_label("Why?").fill("It is ready.")
        found["move"] = look(page)
        page.get_by_role("button", name="Propose to move production").click()
        expect(page.get_by_text("production waits for somebody else to agree.")).to_be_visible()
        found["waiting"] = look(page)
        page.get_by_role("link", name="See what changes, or take it back").click()
        expect(page.get_by_role("button", name="Take it back")).to_be_visible()
        found["own"] = look(page)
        address = page.url
        assert watch.is_quiet, watch

    with opened(browser, served.url, scheme) as (page, watch):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, SECOND)
        page.goto(home)
        follow(page, "See what changes, and answer")
        expect(page.get_by_text("It is ready.")).to_be_visible()
        found["other"] = look(page)
        follow(page, "Agree and move")
        means(page, "production", "versions 2 (90 %) and 3 (10 %)")
        found["agreed"] = look(page)
        page.goto(address)
        expect(page.get_by_text("That proposal waits no longer")).to_be_visible()
        page.goto(f"{home}labels/production/")
        expect(page.get_by_role("row", name="It is ready.")).to_contain_text(f"agreed by {SECOND}")
        found["history"] = look(page)
        assert watch.is_quiet, watch
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_whoever_was_overtaken_can_read_and_use_the_page(
    browser: Browser, served: Serving, scheme: Scheme, width: int
) -> None:
    home = written(served, f"overtaken-{scheme}-{width}")
    with opened(browser, served.url, scheme) as (page, watch):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, EDITOR)
        page.goto(f"{home}edit/?from=2")
        page.evaluate("document.querySelector('[name=base]').value = 2")
        with answered(page, watch, 409):
            page.locator("button[name=save]").click()
        expect(page.get_by_role("alert").first).to_contain_text("Version 3 was saved meanwhile")
        expect(page.locator("#state")).to_have_text("Nothing is wrong.")
        assert look(page) == []
        assert watch.is_quiet, watch


def look(page: Page) -> list[str]:
    """What keeps somebody out of the page as it stands."""
    return [*serious(page), *([] if fits(page) else [f"wider than the window: {page.url}"])]
