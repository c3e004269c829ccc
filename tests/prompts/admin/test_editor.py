"""The editor's page and its preview: who may write, what is saved, and that nothing that is sent breaks them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from prompts.models import Prompt
from tests.browsing import form
from tests.llm import rows
from tests.prompts.admin.conftest import Enter
from tests.prompts.conftest import Save

NEWEST = "messages-0-content"


@pytest.fixture
def here(greeting: Prompt, save: Save) -> str:
    """The address of a prompt with one version."""
    save()
    return f"/admin/prompts/prompt/{greeting.pk}/"


@pytest.fixture(autouse=True)
def _models(db: None) -> None:
    provider = rows.provider("echo", kind="echo")
    provider.default_model = rows.model("echo", provider, max_output_tokens=50)
    provider.save()


@pytest.fixture
def editor(enter: Enter) -> Client:
    return enter("prompt editor")


def opened(client: Client, here: str) -> dict[str, Any]:
    """What a browser would send of the page unchanged."""
    return form(client.get(f"{here}edit/").content.decode())


def saved(client: Client, here: str, **said: Any) -> Any:
    return client.post(f"{here}edit/", opened(client, here) | said)


def previewed(client: Client, here: str, **said: Any) -> dict[str, Any]:
    answer = client.post(f"{here}preview/", opened(client, here) | said)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_what_is_typed_becomes_a_version_with_its_note_and_author(greeting: Prompt, here: str, editor: Client) -> None:
    answer = saved(editor, here, **{NEWEST: "Dear {{ customer }},\r\nhello", "note": "politer"})

    version = greeting.versions.get(number=2)
    assert answer.status_code == 302
    assert version.wording["messages"][0]["content"] == "Dear {{ customer }},\nhello"
    assert (version.note, version.author, version.forked_from) == ("politer", "prompt-editor", 1)


def test_the_first_version_comes_from_nothing(acme: Any, editor: Client) -> None:
    prompt = Prompt.objects.create(name="new", organisation=acme, search="")
    saved(editor, f"/admin/prompts/prompt/{prompt.pk}/", **{NEWEST: "Hello"})

    assert [(row.number, row.forked_from) for row in prompt.versions.all()] == [(1, None)]


def test_an_older_version_is_opened_and_becomes_the_newest(
    greeting: Prompt, here: str, editor: Client, save: Save
) -> None:
    save("Second")
    page = editor.get(f"{here}edit/?from=1").content.decode()
    editor.post(f"{here}edit/", form(page))

    third = greeting.versions.get(number=3)
    assert third.wording == greeting.versions.get(number=1).wording
    assert third.note == "From version 1"


@pytest.mark.parametrize(
    ("role", "status"), [("prompt editor", 200), ("prompt publisher", 200), ("operator", 403), ("manager", 403)]
)
def test_who_may_change_prompts_may_write(here: str, enter: Enter, role: str, status: int) -> None:
    client = enter(role)

    assert client.get(f"{here}edit/").status_code == status
    assert client.post(f"{here}preview/", {}).status_code == status


@pytest.mark.parametrize("path", ["edit/", "preview/", "versions/1/"])
def test_a_stranger_is_sent_to_sign_in(here: str, path: str) -> None:
    assert Client().post(f"{here}{path}").headers["location"].startswith("/admin/login/")


def test_who_may_only_look_reads_a_version(here: str, enter: Enter) -> None:
    page = enter("operator").get(f"{here}versions/1/").content.decode()

    assert "Hello {{ customer }}" in page
    assert "edit/" not in page


def test_who_was_overtaken_finds_a_way_to_what_changed_meanwhile(here: str, editor: Client, save: Save) -> None:
    typed = opened(editor, here)
    save("Theirs")
    page = editor.post(f"{here}edit/", typed | {NEWEST: "Mine"}).content.decode()
    assert f'{here}diff/1/2/" target="_blank"' in page
    assert "<ins>Mine</ins>" in page


def test_all_that_is_wrong_is_said_at_once_where_it_was_typed(greeting: Prompt, here: str, editor: Client) -> None:
    said = {NEWEST: "One\n{{ custmer }} {% if %}", "variables-0-default": "x", "variables-0-max_length": "0"}
    answer = saved(editor, here, **said | {NEWEST: "One\n{{ custmer }}"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_messages-0-content_error"' in page
    assert "Line 2, column 4: There is no variable custmer. Did you mean customer?" in page
    assert 'id="id_variables-0-default_error"' in page
    assert form(page)["variables-0-max_length"] == "0"
    assert greeting.versions.count() == 1


def test_an_editor_who_comes_second_is_shown_the_difference_and_may_save_on_purpose(
    greeting: Prompt, here: str, editor: Client, save: Save
) -> None:
    typed = opened(editor, here) | {NEWEST: "Mine"}
    save("Theirs")
    answer = editor.post(f"{here}edit/", typed)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<del>Theirs</del><ins>Mine</ins>" in page
    assert form(page)[NEWEST] == "Mine"
    assert editor.post(f"{here}edit/", form(page)).status_code == 302
    assert greeting.versions.get(number=3).forked_from == 2


@pytest.mark.parametrize(
    "said",
    [
        {NEWEST: "\x00"},
        {"response_schema": '{"title": "\\ud800"}'},
        {NEWEST: "{{" * 50_000},
        {NEWEST: "a" * 100_001},
        {"messages-0-role": "root"},
        {"messages-TOTAL_FORMS": "9" * 400},
        {"messages-TOTAL_FORMS": "-1"},
        {"messages-TOTAL_FORMS": "101"},
        {"variables-TOTAL_FORMS": "\x00"},
        {"variables-0-schema": "[" * 50_000},
        {"variables-0-type": "object", "variables-0-schema": '{"$ref": "#"}'},
        {"variables-0-pattern": "(a+)+(?=b)"},
        {"options": '{"temperature": NaN}'},
        {"options": '{"tools": [{}]}'},
        {"response_schema": "[1]"},
        {"base": "-1"},
        {"base": "1e9"},
        {"base": ""},
        {"note": "a" * 3_000},
        {"note": "\x07"},
        {"model": "m" * 1_000},
    ],
)
def test_nonsense_is_refused_and_the_page_comes_back(
    greeting: Prompt, here: str, editor: Client, said: dict[str, Any]
) -> None:
    assert saved(editor, here, **said).status_code == 422
    assert greeting.versions.count() == 1
    assert previewed(editor, here, **said, values="[", weigh="\x00")


@pytest.mark.parametrize("path", ["edit/?from=99", "edit/?from=0x1", "edit/?from=%00", "versions/99/", "versions/0/"])
def test_numbers_of_nothing_are_no_error_of_ours(here: str, editor: Client, path: str) -> None:
    assert editor.get(f"{here}{path}").status_code in (200, 404)


def test_an_empty_post_is_told_what_is_missing(here: str, editor: Client) -> None:
    assert editor.post(f"{here}edit/", {}).status_code == 422
    assert editor.post(f"{here}preview/", {}).json()["problems"]


def test_a_browser_runs_and_styles_only_what_is_ours(here: str, editor: Client) -> None:
    pages = [editor.get(f"{here}edit/") for _ in range(2)]
    policies = [page.headers["Content-Security-Policy"] for page in pages]
    nonces = [str(re.findall("'nonce-([^']+)'", policy)[0]) for policy in policies]

    assert len(set(nonces)) == 2
    assert all(nonce in page.content.decode() for nonce, page in zip(nonces, pages, strict=True))
    assert "unsafe" not in policies[0]
    assert "script-src 'self';" in policies[0]


def test_the_preview_shows_the_messages_for_the_samples_with_tokens_and_cost(here: str, editor: Client) -> None:
    told = previewed(editor, here, **{"variables-0-example": "Ada"})

    assert told["messages"] == [{"role": "user", "content": "Hello Ada"}]
    assert told["problems"] == []
    assert told["variables"][0] == {
        "name": "customer",
        "type": "string",
        "required": True,
        "description": None,
        "choices": None,
        "value": "Ada",
    }
    assert told["weight"] == {
        "model": "echo",
        "prompt_tokens": told["weight"]["prompt_tokens"],
        "exact": False,
        "completion_tokens": 50,
        "cost": f"{(told['weight']['prompt_tokens'] + 50) / 1_000_000:.6f}",
    }


def test_the_preview_takes_the_values_that_somebody_typed_verbatim(here: str, editor: Client) -> None:
    told = previewed(editor, here, values='{"customer": "{{ customer }}<b>"}')

    assert told["messages"][0]["content"] == "Hello {{ customer }}<b>"


def test_the_preview_says_which_value_does_not_fit(here: str, editor: Client) -> None:
    told = previewed(editor, here, values='{"customer": "too long"}', **{"variables-0-max_length": "3"})

    assert told["messages"] is None
    assert told["refusal"]["param"] == "variables.customer"


def test_the_preview_names_field_line_and_column_of_a_problem(here: str, editor: Client) -> None:
    told = previewed(editor, here, **{NEWEST: "Hello\n  {{ custmer }}"})

    problem = told["problems"][0]
    assert (problem["level"], problem["field"], problem["line"], problem["column"]) == ("error", NEWEST, 2, 6)


def test_the_preview_saves_nothing(greeting: Prompt, here: str, editor: Client) -> None:
    previewed(editor, here, **{NEWEST: "Other"})

    assert greeting.versions.count() == 1


def test_a_prompt_of_a_hundred_variables_can_be_written(
    greeting: Prompt, here: str, editor: Client, save: Save
) -> None:
    names = [f"v{number}" for number in range(100)]
    save(
        " ".join(f"{{{{ {name} }}}}" for name in names), variables=[{"name": name, "type": "string"} for name in names]
    )

    assert saved(editor, here).status_code == 302
    assert len(previewed(editor, here)["variables"]) == 100
