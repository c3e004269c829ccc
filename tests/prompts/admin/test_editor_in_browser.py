"""Prompts written in a real browser: an editor's hour, from the first version to a label that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Scheme, Watch, answered, opened, serious, sign_in
from tests.prompts.admin.served import EDITOR, MANAGER, PUBLISHER, furnish
from tests.serving import Serving, serving

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("editor")) as installed:
        furnish(installed)
        yield installed


@pytest.fixture
def window(browser: Browser, served: Serving) -> Iterator[tuple[Page, Watch]]:
    with opened(browser, served.url) as (page, watch):
        sign_in(page, PUBLISHER)
        yield page, watch
        assert watch.is_quiet, watch


def make(page: Page, name: str) -> str:
    """A new prompt, by the list's own button; the path of its page."""
    page.goto("/admin/prompts/prompt/add/")
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/prompts/prompt/*/")
    return page.url


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def text(page: Page, number: int = 1) -> Locator:
    return page.get_by_role("textbox", name=f"Text of message {number}", exact=True)


def rewrite(page: Page, words: str) -> None:
    """From an empty text: in place of coloured words Chromium would put the new ones into a style of theirs, which our
    policy forbids and it complains of."""
    text(page).press("ControlOrMeta+a")
    text(page).press("Delete")
    expect(text(page)).to_have_text("")
    text(page).fill(words)


def row(page: Page, noun: str, number: int) -> Locator:
    return page.get_by_role("group", name=f"{noun} {number}", exact=True)


def declare(page: Page, number: int, name: str, kind: str, example: str) -> None:
    press(page, "Add a variable")
    one = row(page, "Variable", number)
    one.get_by_label("Name").fill(name)
    one.get_by_label("Type").select_option(kind)
    one.get_by_label("Example").fill(example)


def save(page: Page, note: str) -> None:
    page.get_by_label("What is new in this version?").fill(note)
    page.locator("button[name=save]").click()


def write_greeting(page: Page) -> None:
    page.get_by_role("link", name="Write the first version").click()
    text(page).fill("Greet {{ customer }} in {{ words }} words.{% if formal %} Be formal.{% endif %}")
    declare(page, 1, "customer", "string", "Ada")
    declare(page, 2, "words", "integer", "7")
    declare(page, 3, "formal", "boolean", "true")


def sent(page: Page) -> Locator:
    return page.get_by_role("region", name="As sent")


def standing(page: Page) -> Locator:
    return page.get_by_role("region", name="Labels").get_by_role("row", name="production")


def test_a_prompt_is_written_previewed_compared_published_and_rolled_back(window: tuple[Page, Watch]) -> None:
    page, _ = window
    home = make(page, "greeting")
    write_greeting(page)
    expect(sent(page)).to_have_text("userGreet Ada in 7 words. Be formal.")
    save(page, "polite")
    expect(page.get_by_role("status").first).to_contain_text("Version 1 is saved")

    page.get_by_role("link", name="Write a new version").click()
    rewrite(page, "Welcome {{ customer }} in {{ words }} words.{% if formal %} Be formal.{% endif %}")
    save(page, "warmer")
    press(page, "Compare")
    expect(page.locator("del")).to_have_text("Greet")
    expect(page.locator("ins")).to_have_text("Welcome")

    for version, reason in ((1, "it is ready"), (2, "it is warmer")):
        page.goto(f"{home}labels/production/move/")
        page.get_by_label("To version").select_option(str(version))
        press(page, "Show what changes")
        page.get_by_label("Why?").fill(reason)
        press(page, f"Move production to version {version}")
    expect(standing(page)).to_contain_text("version 2")

    standing(page).get_by_role("link", name="History").click()
    page.get_by_role("link", name="Roll back").first.click()
    press(page, "Move production to version 1")
    expect(standing(page)).to_contain_text("version 1")


def test_an_undeclared_variable_is_marked_while_it_is_typed(window: tuple[Page, Watch]) -> None:
    page, watch = window
    make(page, "typing")
    write_greeting(page)
    text(page).press("Control+End")
    page.keyboard.type(" From {{ custmer }}")

    expect(page.locator(".undeclared")).to_have_text("custmer")
    problem = page.get_by_role("list", name="What is wrong").get_by_role("button").first
    expect(problem).to_contain_text(
        "Message 1: Line 1, column 89: There is no variable custmer. Did you mean customer?"
    )
    expect(page.locator(".cm-lintRange-error")).to_have_text("custmer")
    with answered(page, watch, 422):
        save(page, "")
    expect(page.get_by_role("alert").first).to_contain_text("Nothing is saved")
    expect(text(page)).to_contain_text("custmer")


def test_what_was_typed_survives_a_reload_and_can_be_discarded(window: tuple[Page, Watch]) -> None:
    page, _ = window
    make(page, "forgetful")
    write_greeting(page)
    page.reload()
    press(page, "Bring it back")
    expect(text(page)).to_contain_text("Greet {{ customer }}")
    expect(row(page, "Variable", 3).get_by_label("Name")).to_have_value("formal")
    expect(sent(page)).to_have_text("userGreet Ada in 7 words. Be formal.")

    page.reload()
    press(page, "Discard it")
    page.reload()
    expect(page.get_by_role("button", name="Bring it back")).to_be_hidden()


def test_what_was_refused_is_not_offered_beside_itself_but_when_the_page_was_left(window: tuple[Page, Watch]) -> None:
    page, watch = window
    home = make(page, "refused")
    write_greeting(page)
    rewrite(page, "Greet {{ nobody }}")
    with answered(page, watch, 422):
        save(page, "")
    expect(page.get_by_role("alert").first).to_contain_text("Nothing is saved")
    expect(page.get_by_role("button", name="Bring it back")).to_be_hidden()

    page.goto(f"{home}edit/")
    press(page, "Bring it back")
    expect(text(page)).to_have_text("Greet {{ nobody }}")


def test_nobody_who_has_not_begun_is_told_what_is_wrong(window: tuple[Page, Watch]) -> None:
    page, _ = window
    make(page, "blank")
    page.get_by_role("link", name="Write the first version").click()
    expect(page.locator("#state")).to_have_text("Write a message: here you see what would be sent.")
    expect(page.get_by_role("list", name="What is wrong").get_by_role("button")).to_have_count(0)
    text(page).fill("Hello")
    expect(page.locator("#state")).to_have_text("Nothing is wrong.")


def test_values_of_the_preview_are_judged_and_nothing_in_them_is_markup(window: tuple[Page, Watch]) -> None:
    page, _ = window
    make(page, "hostile")
    write_greeting(page)
    page.locator("#values").get_by_label("customer").fill(HOSTILE)
    expect(sent(page)).to_contain_text(HOSTILE)
    page.locator("#values").get_by_label("words").fill("many")
    expect(sent(page)).to_have_text('words: got "many", wanted a whole number.')
    expect(page.locator("#state")).to_have_text("A value does not fit.")


def test_the_second_of_two_editors_sees_the_difference_and_loses_nothing(
    browser: Browser, served: Serving, window: tuple[Page, Watch]
) -> None:
    page, watch = window
    home = make(page, "shared")
    write_greeting(page)
    save(page, "first")
    page.goto(f"{home}edit/")
    with opened(browser, served.url) as (other, _):
        sign_in(other, EDITOR)
        other.goto(f"{home}edit/")
        rewrite(other, "Theirs")
        save(other, "theirs")
    rewrite(page, "Mine")
    with answered(page, watch, 409):
        save(page, "mine")

    expect(page.get_by_role("alert").first).to_contain_text("Version 2 was saved meanwhile, by eve: theirs")
    expect(page.locator("ins").first).to_have_text("Mine")
    expect(text(page)).to_have_text("Mine")
    page.goto(f"{home}edit/")
    press(page, "Bring it back")
    expect(text(page)).to_have_text("Mine")
    page.locator("button[name=save]").click()
    expect(page.get_by_role("status").first).to_contain_text("Version 3 is saved")


def test_an_editor_can_do_all_by_keyboard(window: tuple[Page, Watch]) -> None:
    page, _ = window
    make(page, "keys")
    page.get_by_role("link", name="Write the first version").press("Enter")
    text(page).focus()
    page.keyboard.type("Hello {{ a }}")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("there")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(text(page)).not_to_be_focused()
    page.get_by_role("button", name="Add a variable", exact=True).press("Enter")
    page.keyboard.type("a")
    page.get_by_role("button", name="Add a message", exact=True).press("Enter")
    page.get_by_role("button", name="Take message 2 out").press("Enter")
    page.get_by_label("What is new in this version?").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Version 1 is saved")
    page.get_by_role("link", name="Read").press("Enter")
    expect(page.locator("pre").first).to_have_text("Hello {{ a }}\n  there")


def test_it_works_without_a_script(browser: Browser, served: Serving) -> None:
    with opened(browser, served.url) as (scripted, _):
        sign_in(scripted, EDITOR)
        session = scripted.context.storage_state()
    with browser.new_context(base_url=served.url, java_script_enabled=False, storage_state=session) as context:
        page = context.new_page()
        page.goto("/admin/prompts/prompt/1/edit/")
        page.locator("textarea[name=messages-0-content]").fill("Plain {{ thing }}")
        press(page, "Add a variable")
        expect(page.locator("textarea[name=messages-0-content]")).to_have_value("Plain {{ thing }}")
        last = page.locator("[data-row=variables]").last
        last.get_by_label("Name").fill("thing")
        page.locator("button[name=save]").click()
        expect(page.get_by_role("status").first).to_contain_text("is saved")


def test_a_manager_is_not_let_in(browser: Browser, served: Serving) -> None:
    with opened(browser, served.url) as (page, _):
        sign_in(page, MANAGER)
        for path in ("", "edit/", "labels/production/move/", "diff/1/2/"):
            answer = page.goto(f"/admin/prompts/prompt/1/{path}")
            assert answer is not None
            assert answer.status == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_by_how_the_pages_are_made(browser: Browser, served: Serving, scheme: Scheme) -> None:
    with opened(browser, served.url, scheme) as (page, watch):
        sign_in(page, PUBLISHER)
        home = make(page, f"axe-{scheme}")
        write_greeting(page)
        text(page).press("Control+End")
        page.keyboard.type(" {{ nobody }}")
        expect(page.locator(".cm-lintRange-error")).to_have_text("nobody")
        found = {"editor": serious(page)}
        text(page).fill("Greet {{ customer }} in {{ words }} words.{% if formal %} Be formal.{% endif %}")
        save(page, "polite")
        page.get_by_role("link", name="Write a new version").click()
        rewrite(page, "Welcome {{ customer }} in {{ words }} words.{% if formal %} Be formal, please.{% endif %}")
        save(page, "warmer")
        for path in ("", "diff/1/2/", "diff/1/2/?view=beside", "versions/1/", "labels/production/move/?to=2"):
            page.goto(f"{home}{path}")
            found[path] = serious(page)
        assert {path: told for path, told in found.items() if told} == {}
        assert watch.is_quiet, watch
