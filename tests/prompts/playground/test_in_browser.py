"""The playground in a real browser, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Scheme, Watch, fits, opened, serious, sign_in
from tests.prompts.furnished import EDITOR, MANAGER, READER, client, limited
from tests.serving import Serving

HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> {{ 7*7 }}"


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
    *_, row = [row for row in served.rows() if row["model"] == "echo-slow"]
    assert (row["user_id"], row["surface"], row["status"]) == (EDITOR, "websocket", "ok")


def test_what_is_stopped_stops(window: tuple[Page, Watch], served: Serving) -> None:
    page, watch = window
    column(page).get_by_label("Model").select_option("echo-slow")
    says(page, "a " * 200)
    press(page, "Run, column 1")
    expect(answer(page)).to_contain_text("a a")
    press(page, "Stop, column 1")

    state(page, "Stopped")
    expect(page.get_by_role("button", name="Run, column 1", exact=True)).to_be_focused()
    assert watch.is_quiet
    assert "cancelled" in {row["status"] for row in served.rows()}


def test_four_columns_answer_at_once_on_one_socket(window: tuple[Page, Watch]) -> None:
    page, watch = window
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    says(page, "hello there")
    for _ in range(3):
        press(page, "Add a column")
    for number, model in enumerate(("echo", "echo-slow", "echo-fail", "echo-cut"), start=1):
        column(page, number).get_by_label("Model").select_option(model)
    assert page.get_by_role("button", name="Add a column").is_disabled()
    places = [place for number in range(1, 5) if (place := column(page, number).bounding_box())]
    assert (len(places), len({place["y"] for place in places})) == (4, 1)
    says(page, "one two three four five")
    press(page, "Run all")

    for number, end in enumerate(("Finished", "Finished", "Failed", "Failed"), start=1):
        state(page, end, number)
    expect(column(page, 3).locator("[data-part=error]")).to_contain_text("echo always fails")
    expect(answer(page, 4)).to_have_text("one two three ")
    assert len(sockets) == 1
    assert watch.is_quiet


def test_a_new_token_is_fetched_before_the_old_one_ends(window: tuple[Page, Watch]) -> None:
    page, watch = window
    tokens: list[int] = []
    page.on("response", lambda response: tokens.append(response.status) if response.url.endswith("/token/") else None)
    for minutes in (0, 10, 14.5):
        page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=minutes))
        says(page, f"hello at {minutes}")
        press(page, "Run all")
        expect(answer(page)).to_have_text(f"hello at {minutes}")
        state(page, "Finished")

    assert tokens == [200, 200]
    assert watch.is_quiet


def test_stop_all_stops_all(window: tuple[Page, Watch]) -> None:
    page, _ = window
    column(page).get_by_label("Model").select_option("echo-slow")
    press(page, "Add a column")
    says(page, "a " * 200)
    press(page, "Run all")
    for number in (1, 2):
        expect(answer(page, number)).to_contain_text("a a")
    press(page, "Stop all")

    for number in (1, 2):
        state(page, "Stopped", number)


def test_a_prompt_is_asked_with_variables_and_saved_as_an_example(window: tuple[Page, Watch], served: Serving) -> None:
    page, watch = window
    with page.expect_response("**/playground/prompts/?*"):
        column(page).get_by_label("Prompt").fill("greet")
    column(page).get_by_label("Prompt").fill("greeting")
    page.keyboard.press("Enter")
    page.get_by_label("customer").fill("Ada")
    page.get_by_label("words").fill("many")
    press(page, "Run all")
    expect(column(page).locator("[data-part=error]")).to_have_text("words is to be a number.")
    page.get_by_label("words").fill("30")
    press(page, "Run all")
    expect(column(page).locator("[data-part=error]")).to_contain_text("words")
    page.get_by_label("words").fill("3")
    press(page, "Run all")
    state(page, "Finished")
    expect(answer(page)).to_have_text("Greet Ada in 3 words.")

    press(page, "Save as example, column 1")
    page.get_by_label("Name").fill("For Ada")
    page.get_by_label("Expected answer").fill("Good day")
    press(page, "Save")
    expect(page.locator("#tally")).to_contain_text("For Ada is an example of greeting now.")
    (example,) = [row for row in served.rows("prompts_example") if row["name"] == "For Ada"]
    *_, row = [row for row in served.rows() if row["prompt"] == "greeting" and row["status"] == "ok"]
    assert (example["expected"], example["source"]) == ("Good day", row["id"])
    assert (row["prompt_version"], row["user_id"]) == (2, EDITOR)
    assert watch.is_quiet


def test_what_models_say_is_only_ever_text(window: tuple[Page, Watch]) -> None:
    page, watch = window
    column(page).get_by_label("Model").select_option("echo")
    says(page, HOSTILE)
    press(page, "Run all")
    state(page, "Finished")

    expect(answer(page)).to_have_text(HOSTILE)
    assert page.locator("#columns img, #columns script").count() == 0
    assert watch.is_quiet


def test_what_stands_on_the_page_survives_a_reload(window: tuple[Page, Watch]) -> None:
    page, watch = window
    press(page, "Add a column")
    column(page, 2).get_by_label("System message").fill("Be brief.")
    column(page, 2).get_by_label("Ask this one something else").check()
    column(page, 2).get_by_label("Message 1", exact=True).fill("its own")
    column(page, 1).get_by_label("Model").select_option("echo")
    page.locator("#messages").get_by_label("Message 1", exact=True).fill("for all")
    press(page, "Run all")
    state(page, "Finished", 1)
    state(page, "Finished", 2)
    page.reload()

    assert page.locator("#messages").get_by_label("Message 1", exact=True).input_value() == "for all"
    assert column(page, 2).get_by_label("System message").input_value() == "Be brief."
    expect(answer(page, 1)).to_have_text("for all")
    expect(answer(page, 2)).to_have_text("its own")
    assert watch.is_quiet


def test_it_works_by_keyboard_alone(window: tuple[Page, Watch]) -> None:
    page, _ = window
    page.get_by_label("Message 1", exact=True).focus()
    page.keyboard.type("hello keys")
    page.keyboard.press("Control+Enter")

    state(page, "Finished")
    expect(answer(page)).to_have_text("hello keys")


def test_a_prompt_is_chosen_and_left_by_typing(window: tuple[Page, Watch]) -> None:
    page, watch = window
    column(page).get_by_label("Prompt").focus()
    page.keyboard.type("greeting")
    page.keyboard.press("Enter")
    expect(page.get_by_label("customer")).to_be_visible()
    expect(column(page).get_by_label("System message")).to_be_hidden()
    page.keyboard.press("Control+A")
    page.keyboard.press("Backspace")
    page.keyboard.press("Tab")

    expect(page.get_by_label("customer")).to_be_hidden()
    expect(column(page).get_by_label("System message")).to_be_visible()
    assert watch.is_quiet


def test_an_empty_question_is_told_in_words(window: tuple[Page, Watch]) -> None:
    page, _ = window
    press(page, "Run all")

    expect(column(page).locator("[data-part=error]")).to_contain_text("write a message first")


def test_a_record_is_opened_with_what_it_asked(browser: Browser, served: Serving) -> None:
    with client(served) as asking:
        body = {
            "prompt": {"name": "greeting", "version": 1, "variables": {"customer": "Bo", "words": 4}},
            "messages": [{"role": "user", "content": "And once more"}],
            "options": {"temperature": 0.5},
        }
        record = asking.post("/api/v1/generate/", json=body).json()["id"]
    with opened(browser, served.url) as (page, watch):
        served.manage("shell", "-v0", "-c", SEES_ALL)
        sign_in(page, EDITOR)
        page.goto(f"/admin/analytics/requestlog/{record.removeprefix('gen_')}/change/")
        page.get_by_role("link", name="Open in the playground").click()

        assert page.get_by_label("customer").input_value() == "Bo"
        assert page.get_by_label("words").input_value() == "4"
        assert page.get_by_label("Message 1", exact=True).input_value() == "And once more"
        assert column(page).get_by_label("Temperature").input_value() == "0.5"
        assert column(page).get_by_label("Version or label").input_value() == "version:1"
        press(page, "Run all")
        state(page, "Finished")
        expect(answer(page)).to_have_text("And once more")
        assert watch.is_quiet


SEES_ALL = f"""
from django.contrib.auth.models import Permission, User
rights = Permission.objects.filter(codename__in=["view_requestlog", "view_requestbody"])
User.objects.get(username="{EDITOR}").user_permissions.add(*rights)
"""


def test_who_may_not_read_messages_opens_the_model_alone(browser: Browser, served: Serving) -> None:
    with client(served) as asking:
        body = {"model": "echo", "messages": [{"role": "user", "content": "a secret"}]}
        record = asking.post("/api/v1/generate/", json=body).json()["id"]
    with opened(browser, served.url) as (page, watch):
        sign_in(page, READER)
        page.goto(f"/playground/?record={record}")

        assert column(page).get_by_label("Model").input_value() == "echo"
        assert "for those who may read messages" in page.inner_text("#note")
        assert "a secret" not in page.content()
        assert watch.is_quiet


def test_managers_are_told_that_it_is_not_for_them(browser: Browser, served: Serving) -> None:
    with opened(browser, served.url) as (page, _):
        sign_in(page, MANAGER)
        answered = page.goto("/playground/")

        assert answered is not None
        assert answered.status == 403
        assert "You may not use the playground" in page.inner_text("main")


def test_a_budget_that_is_used_up_is_told_in_words(browser: Browser, served: Serving) -> None:
    with limited(served, 1), opened(browser, served.url) as (page, _):
        sign_in(page, EDITOR)
        page.goto("/playground/")
        says(page, "hello")
        press(page, "Add a column")
        press(page, "Run all")
        expect(page.locator("[data-part=error]:visible").first).to_contain_text("requests")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_read_and_use_it(browser: Browser, served: Serving, scheme: Scheme, width: int) -> None:
    with opened(browser, served.url, scheme) as (page, watch):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, EDITOR)
        page.goto("/playground/")
        column(page).get_by_label("Prompt").fill("greeting")
        page.keyboard.press("Enter")
        page.get_by_label("customer").fill("Ada")
        page.get_by_label("words").fill("3")
        press(page, "Add a column")
        column(page, 2).get_by_label("Prompt").fill("")
        page.keyboard.press("Enter")
        expect(column(page, 2).get_by_label("System message")).to_be_visible()
        column(page, 2).get_by_label("Model").select_option("echo-fail")
        says(page, "hello")
        press(page, "Run all")
        state(page, "Finished", 1)
        state(page, "Failed", 2)

        assert serious(page) == []
        assert fits(page)
        assert watch.is_quiet
