"""Prompts over HTTP: who may read and write them, and what is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.prompts.api.house import GREETING, PROMPTS, House

SHARED = """
from prompts.writing.authors import Author
from prompts.writing.editing import Details, create
create(Details("{name}"), Author("ada"), None)
"""


def test_a_prompt_is_written_read_compared_and_rendered(house: House, name: str) -> None:
    kinder = {**GREETING, "messages": [GREETING["messages"][0], {"role": "user", "content": "Hug {{ customer }}."}]}
    here = house.prompt(name, GREETING, kinder)

    told = house.ask("GET", here).json()
    assert (told["newest_version"], told["labels"]["production"]["version"]) == (2, 2)
    versions = house.ask("GET", f"{here}versions/").json()["results"]
    assert [row["version"] for row in versions] == [2, 1]
    changes = house.ask("GET", f"{here}versions/1/diff/2/").json()["changes"]
    assert "Hug" in str(changes)
    assert "Be {{ mood }}" not in str(changes)
    rendered = house.ask("POST", f"{here}render/", {"variables": {"customer": "Ada"}}).json()
    assert rendered["messages"][1]["content"] == "Hug Ada."
    assert rendered["prompt_tokens"] > 0
    assert float(rendered["cost_estimate"]) > 0


def test_pages_of_versions_follow_one_another(house: House, name: str) -> None:
    here = house.prompt(name, *[GREETING] * 5)
    first = house.ask("GET", f"{here}versions/?limit=2").json()
    second = house.ask("GET", first["next"].removeprefix(house.serving.url)).json()
    third = house.ask("GET", second["next"].removeprefix(house.serving.url)).json()
    assert [row["version"] for page in (first, second, third) for row in page["results"]] == [5, 4, 3, 2, 1]
    assert third["next"] is None


@pytest.mark.parametrize(("key", "status"), [("publisher", 200), ("writer", 403), ("reader", 403), ("blind", 403)])
def test_production_is_moved_by_the_scope_to_publish_alone(house: House, name: str, key: str, status: int) -> None:
    house.prompt(name, GREETING, GREETING)
    assert house.publish(name, 1, key=key).status_code == status


def test_rules_are_set_by_the_scope_to_secure_alone(house: House, name: str) -> None:
    house.prompt(name)
    address = f"{PROMPTS}import/"
    for rules in (
        {"publish_with_four_eyes": True},
        {"labels": {"production": {"version": 1, "protected": False}}},
    ):
        body = {"prompts": [{"name": name, **rules}]}
        refused = house.ask("POST", address, body, key="publisher")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "rules_not_allowed")
        assert house.ask("POST", address, body, key="keeper").status_code == 200


def test_what_a_key_wishes_under_four_eyes_waits(house: House, name: str) -> None:
    house.prompt(name, GREETING, GREETING)
    house.ask("POST", f"{PROMPTS}import/", {"prompts": [{"name": name, "publish_with_four_eyes": True}]}, key="keeper")
    assert house.publish(name, 1).status_code == 202
    assert house.ask("GET", f"{PROMPTS}{name}/labels/production/").json()["version"] == 2


def test_a_prompt_that_is_new_in_one_process_is_rendered_in_another(house: House, name: str) -> None:
    with house.beside() as other:
        other.ask("GET", PROMPTS)
        here = house.prompt(name)
        rendered = other.ask("POST", f"{here}render/", {"variables": {"customer": "Ada"}})
        assert rendered.status_code == 200, rendered.text


def test_nothing_of_another_organisation_is_seen_or_used(house: House, name: str) -> None:
    here = house.prompt(name)
    for method, path, body in [
        ("GET", here, None),
        ("GET", f"{here}versions/1/", None),
        ("POST", f"{here}render/", {"variables": {"customer": "Ada"}}),
        ("POST", f"{here}versions/", GREETING),
        ("PUT", f"{here}labels/production/", {"version": 1, "reason": "mine"}),
        ("POST", "/api/v1/generate/", {"prompt": {"name": name, "version": 1, "variables": {"customer": "Ada"}}}),
    ]:
        assert house.ask(method, path, body, key="foreign").status_code == 404, path
    assert name not in house.ask("GET", PROMPTS, key="foreign").text
    assert name not in house.ask("GET", f"{PROMPTS}export/", key="foreign").text


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "{{ nobody }}"}], "variables": []}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "{% if %}"}], "variables": []}, "messages[0].content"),
        ({"variables": [{"name": "a b"}]}, "variables[0].name"),
        ({"variables": [*GREETING["variables"], {"name": "a", "pattern": "(a)\\1"}]}, "variables[2].pattern"),
        ({"options": {"temperature": 9}}, "options.temperature"),
        ({"extra": 1}, "extra"),
        ({"note": 5}, "note"),
    ],
)
def test_a_version_that_cannot_be_is_refused_with_its_place(
    house: House, name: str, changed: dict[str, Any], param: str
) -> None:
    here = house.prompt(name)
    answer = house.ask("POST", f"{here}versions/", GREETING | changed)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param), answer.text


def test_a_template_error_says_line_and_column(house: House, name: str) -> None:
    here = house.prompt(name)
    wrong = {
        "messages": [{"role": "user", "content": "Dear {{ customer }},\n{{ custmer }}"}],
        "variables": GREETING["variables"],
    }
    error = house.ask("POST", f"{here}versions/", wrong).json()["error"]
    assert error["message"].startswith("Line 2, column 4: ")
    assert "customer" in error["hint"]


def test_nothing_is_answered_while_a_prompt_is_archived(house: House, name: str) -> None:
    house.prompt(name)
    document = house.ask("GET", f"{PROMPTS}export/?name={name}").json()
    document["prompts"][0]["archived"] = True
    assert house.ask("POST", f"{PROMPTS}import/", document, key="writer").status_code == 403
    assert house.ask("POST", f"{PROMPTS}import/", document).status_code == 200
    assert house.generate(name, variables={"customer": "Ada"}).json()["error"]["code"] == "prompt_archived"


def test_a_moved_label_reaches_every_process_in_five_seconds(house: House, name: str) -> None:
    """The other process is one that somebody else runs on the same database."""
    kinder = {**GREETING, "messages": [{"role": "user", "content": "{{ mood }} {{ customer }}"}]}
    house.prompt(name, GREETING, kinder)
    with house.beside() as other:

        def there() -> int:
            body = {"prompt": {"name": name, "variables": {"customer": "Ada"}}}
            return int(other.ask("POST", "/api/v1/generate/", body).json()["metadata"]["prompt"]["version"])

        assert there() == 2
        house.publish(name, 1)
        began = time.monotonic()
        while there() != 1:
            assert time.monotonic() - began < 5, "the label has not arrived"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("labels/a%00b/", 404),
        ("labels/a%00b/history/", 200),
        ("versions/99999999999999999999/", 404),
        ("examples/99999999999999999999/", 404),
        ("versions/?cursor=x", 422),
        ("versions/?cursor=%00", 422),
    ],
)
def test_an_address_that_no_column_holds_is_no_error(house: House, name: str, path: str, status: int) -> None:
    here = house.prompt(name)
    assert house.ask("GET", f"{here}{path}").status_code == status
    assert house.ask("GET", f"{PROMPTS}a%00b/{path}").status_code == 404


@pytest.mark.parametrize(
    ("example", "param"),
    [
        ({"name": "a\x00b"}, "name"),
        ({"name": "a", "expected": "\x00"}, "expected"),
        ({"name": "a", "variables": {"b": "\x00"}}, "variables.b"),
        ({"name": "a", "checks": [{"type": "regex", "pattern": "(?=a)"}]}, "checks[0].pattern"),
    ],
)
def test_an_example_that_cannot_be_kept_is_refused_with_its_place(
    house: House, name: str, example: dict[str, Any], param: str
) -> None:
    answer = house.ask("POST", f"{house.prompt(name)}examples/", example)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_examples_are_kept_and_run_on_two_versions(house: House, name: str) -> None:
    kinder = {**GREETING, "messages": [{"role": "user", "content": "{{ mood }} {{ customer }}"}]}
    here = house.prompt(name, GREETING, kinder)
    checks = [{"type": "max_length", "max": 1_000}]
    example = {"name": "Ada", "variables": {"customer": "Ada"}, "checks": checks}
    made = house.ask("POST", f"{here}examples/", example)
    assert made.status_code == 201, made.text
    wrong = {"name": "Bob", "variables": {"customer": 5}, "checks": checks}
    assert house.ask("POST", f"{here}examples/", wrong).status_code == 201

    ran = house.ask("POST", f"{here}examples/run/", {"versions": [1, 2]}).json()
    assert ran["state"] == "done"
    assert [(one["example"], one["version"], one["outcome"]) for one in ran["results"]] == [
        *(("Ada", 1, "pass"), ("Ada", 2, "pass"), ("Bob", 1, "error"), ("Bob", 2, "error")),
    ]
    assert ran["totals"][0] | {"cost": "?"} == {
        "version": 1,
        "pass": 1,
        "fail": 0,
        "error": 1,
        "cost": "?",
        "unpriced": 0,
    }

    there = f"{here}examples/{made.json()['id']}/"
    changed = {**example, "checks": [{"type": "equals", "value": "never"}]}
    assert house.ask("PUT", there, changed).json()["checks"] == changed["checks"]
    again = house.ask("POST", f"{here}examples/run/", {"versions": [1]}).json()
    assert again["results"][0]["outcome"] == "fail"
    assert again["results"][0]["changed"] is not None
    assert house.ask("DELETE", there).status_code == 204
    assert house.ask("GET", there).status_code == 404


def test_examples_are_run_by_whoever_may_generate(house: House, name: str) -> None:
    here = house.prompt(name)
    assert house.ask("POST", f"{here}examples/run/", {"versions": [1]}, key="reader").status_code == 422
    assert house.ask("POST", f"{here}examples/run/", {"versions": [1]}, key="blind").status_code == 403


def test_examples_of_a_shared_prompt_are_run_by_staff_alone(house: House, name: str) -> None:
    """What they come to decides whether it may be published, for all organisations."""
    house.serving.manage("shell", "-v0", "-c", SHARED.format(name=name))
    assert house.ask("GET", f"{PROMPTS}{name}/").json()["shared"]
    refused = house.ask("POST", f"{PROMPTS}{name}/examples/run/", {"versions": [1]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "shared_prompt")
