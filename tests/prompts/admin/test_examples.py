"""The pages of a prompt's examples: written, changed, shown, deleted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from config.env import ROOT
from llm.call import new_id
from llm.errors import NotFound
from prompts.admin.pages.exampleform import CALLED
from prompts.checks import APPLIES, KINDS
from prompts.models import Example, Outcome, Prompt, Result, Run
from prompts.writing.examples import Draft, save_example
from prompts.writing.greenness import not_green
from tests.prompts.admin.conftest import Enter
from tests.prompts.conftest import Save

EXAMPLE = ROOT / "templates" / "pages" / "prompts" / "example.html"
HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}\u202e"
DECLARED: list[dict[str, Any]] = [
    {"name": "customer", "type": "string"},
    {"name": "words", "type": "integer", "required": False, "min": 1},
    {"name": "polite", "type": "boolean", "required": False},
    {"name": "tone", "type": "enum", "choices": ["warm", "cool"], "required": False},
    {"name": "items", "type": "array", "required": False},
]
USED = "{{ customer }}{% if words %}{{ words }}{% endif %}{% if polite %}!{% endif %}{% if tone %}{{ tone }}{% endif %}"


@pytest.fixture
def editor(enter: Enter) -> Client:
    return enter("prompt editor")


@pytest.fixture
def here(greeting: Prompt, save: Save) -> str:
    save(USED + "{% for item in items %}{{ item }}{% endfor %}", variables=DECLARED)
    return f"/admin/prompts/prompt/{greeting.pk}/examples/"


def checked(*rows: dict[str, str]) -> dict[str, Any]:
    fields = ("type", "said", "min", "max", "model")
    return {field: [row.get(field, "") for row in rows] for field in fields}


def filled(**more: Any) -> dict[str, Any]:
    return {"name": "For Ada", "variable_customer": "Ada", "expected": "Hello\r\nAda", **checked({}), **more}


def test_checks_are_told_in_words(editor: Client, here: str) -> None:
    rows = checked({"type": "not_contains", "said": "x"}, {"type": "max_length", "max": "9"})
    editor.post(f"{here}add/", filled(**rows))
    assert "does not contain, is not too long" in editor.get(here).content.decode()


def test_the_form_shows_each_type_of_check_its_own_fields() -> None:
    fields = re.findall(r'data-applies="([a-z_ ]+)"(.*?)</div>', EXAMPLE.read_text(), re.DOTALL)
    shown = {name: set(kinds.split()) for kinds, inside in fields for name in re.findall(r' name="([a-z]+)', inside)}
    said = {kind for name in ("value", "pattern", "schema", "question") for kind in APPLIES[name]}
    wanted = {name: set(APPLIES[name]) for name in ("min", "max", "model")}
    assert shown == wanted | {"said": said, "ignore": set(APPLIES["ignore_case"])}
    assert set(CALLED) == set(KINDS)


def test_an_example_is_written_by_a_form_of_the_newest_version(editor: Client, here: str) -> None:
    form = editor.get(f"{here}add/").content.decode()
    rows = checked({"type": "equals", "said": "Hello Ada"}, {}, {"type": "number_range", "min": "1", "max": "2.5"})
    values = {"variable_words": "3", "variable_polite": "true", "variable_tone": "warm", "variable_items": '["a"]'}
    answer = editor.post(f"{here}add/", filled(**values, **rows, ignore_case_0="on"))
    example = Example.objects.get()

    assert all(f'name="variable_{one["name"]}"' in form for one in DECLARED)
    assert answer.status_code == 302
    assert example.variables == {"customer": "Ada", "words": 3, "polite": True, "tone": "warm", "items": ["a"]}
    assert example.expected == "Hello\nAda"
    assert example.checks == [
        {"type": "equals", "value": "Hello Ada", "ignore_case": True},
        {"type": "number_range", "min": 1, "max": 2.5},
    ]


def test_saved_unchanged_it_stays_as_it_was(editor: Client, here: str, greeting: Prompt) -> None:
    checks: list[dict[str, Any]] = [
        {"type": "regex", "pattern": "a+"},
        {"type": "json_schema", "schema": {"type": "object"}},
        {"type": "graded", "model": "echo", "question": "Is it kind?"},
        {"type": "max_length", "max": 20},
        {"type": "contains", "value": "x", "ignore_case": True},
    ]
    save_example(greeting, Draft("Old", {"customer": "Ada", "items": [1]}, "Hi", checks))
    row = Example.objects.get()
    page = editor.get(f"{here}{row.pk}/").context["form"]
    said = checked(
        *({name: getattr(one, name) for name in ("type", "said", "min", "max", "model")} for one in page.checks)
    )
    ticks = {f"ignore_case_{at}": "on" for at, one in enumerate(page.checks) if one.ignore_case}
    values = {f"variable_{name}": text for name, text in page.values.items()}
    editor.post(f"{here}{row.pk}/", {"name": page.name, "expected": page.expected, **values, **said, **ticks})
    changed_at = row.changed_at
    row.refresh_from_db()

    assert (row.variables, row.checks) == ({"customer": "Ada", "items": [1]}, checks)
    assert row.changed_at == changed_at


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"variable_customer": ""}, "customer"),
        ({"variable_words": "many"}, "words"),
        ({"variable_words": "0"}, "words"),
        ({"variable_items": "["}, "items"),
        ({"variable_items": "[" * 100_000}, "items"),
        ({"others": "[]"}, "variables"),
        ({"others": '{"stranger": 1}'}, "stranger"),
        (checked({"type": "nonsense"}), "checks[0].type"),
        (checked({"type": "regex", "said": "("}), "checks[0]"),
        (checked({"type": "json_schema", "said": "{"}), "checks[0].schema"),
        (checked({"type": "max_length", "max": "x"}), "checks[0].max"),
        (checked({"type": "equals", "said": "x", "min": "1"}), "checks[0].min"),
    ],
)
def test_what_makes_no_sense_is_told_and_kept(editor: Client, here: str, said: dict[str, Any], words: str) -> None:
    answer = editor.post(f"{here}add/", filled(**{**checked({}), **said}))

    assert answer.status_code == 422
    assert words in answer.context["error"].message
    assert answer.context["form"].expected == "Hello\r\nAda"
    assert not Example.objects.exists()


def test_a_name_is_used_once(editor: Client, here: str) -> None:
    editor.post(f"{here}add/", filled())

    assert editor.post(f"{here}add/", filled(variable_customer="Bo")).status_code == 422
    assert Example.objects.get().variables == {"customer": "Ada"}


def test_it_is_deleted_when_asked_twice(editor: Client, here: str, greeting: Prompt) -> None:
    save_example(greeting, Draft("Old", {"customer": "Ada"}))
    row = Example.objects.get()

    assert editor.get(f"{here}{row.pk}/delete/").status_code == 405
    assert editor.post(f"{here}{row.pk}/delete/").status_code == 302
    assert not Example.objects.exists()


@pytest.mark.parametrize("path", ["", "add/", "999/", f"{10**30}/", "runs/999/"])
def test_managers_see_none_of_it(db: None, here: str, path: str) -> None:
    user = User.objects.create_user("max", is_staff=True)
    user.groups.add(Group.objects.get(name="manager"))
    client = Client()
    client.force_login(user)

    assert client.get(here + path).status_code == 403


@pytest.mark.parametrize("path", ["999/", f"{10**30}/", "runs/999/", f"runs/{10**30}/"])
def test_what_is_not_there_is_a_404(editor: Client, here: str, path: str) -> None:
    assert editor.get(here + path).status_code == 404


def result(run: Run, example: Example, version: int, outcome: Outcome, text: str = "") -> Result:
    asked = {"created_at": timezone.now(), "generation_id": new_id(), "cost": 10**6}
    return Result.objects.create(run=run, example=example, version=version, outcome=outcome, text=text, **asked)


def test_what_models_say_is_shown_as_text(editor: Client, here: str, greeting: Prompt) -> None:
    save_example(greeting, Draft(HOSTILE, {"customer": "Ada"}))
    run = Run.objects.create(prompt=greeting, versions=[1, 2], total=2, author=HOSTILE, created_at=timezone.now())
    for version in run.versions:
        result(run, Example.objects.get(), version, Outcome.FAIL, f"{HOSTILE} {version}").failures = [HOSTILE]
    for path in ("", f"runs/{run.pk}/", f"{Example.objects.get().pk}/"):
        page = editor.get(here + path)

        assert "<script>alert" not in page.content.decode()
        assert "unsafe" not in page.headers["content-security-policy"]


def test_the_cost_of_a_version_is_told_against_the_first(editor: Client, here: str, greeting: Prompt) -> None:
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    run = Run.objects.create(prompt=greeting, versions=[1, 2], total=2, author="ada", created_at=timezone.now())
    result(run, Example.objects.get(), 1, Outcome.PASS, "a")
    Result.objects.filter(pk=result(run, Example.objects.get(), 2, Outcome.PASS, "b").pk).update(cost=15 * 10**5)
    first, second = editor.get(f"{here}runs/{run.pk}/").context["totals"]

    assert (first.dearer, second.dearer) == ("", "50 % dearer")
    assert second.cost_shown == "0.0000015 USD"


def test_a_single_version_is_held_against_its_run_before(editor: Client, here: str, greeting: Prompt) -> None:
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    made = [
        Run.objects.create(prompt=greeting, versions=[1], total=1, author="ada", created_at=timezone.now())
        for _ in range(2)
    ]
    for run, text in zip(made, ("Hello Ada", "Good Ada"), strict=True):
        result(run, Example.objects.get(), 1, Outcome.PASS, text)
    page = editor.get(f"{here}runs/{made[1].pk}/")
    (cell,) = page.context["rows"][0].cells

    assert (cell.changed, cell.against) == (True, "the run before")
    assert "<del>Hello</del><ins>Good</ins>" in page.content.decode()


def test_an_example_that_was_changed_is_green_no_more(greeting: Prompt, here: str) -> None:
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    run = Run.objects.create(prompt=greeting, versions=[1], total=1, author="ada", created_at=timezone.now())
    result(run, Example.objects.get(), 1, Outcome.PASS)

    assert not_green(greeting, 1) == []
    save_example(greeting, Draft("Ada", {"customer": "Bo"}))
    assert not_green(greeting, 1) == ["Ada"]


def test_a_run_whose_process_is_gone_says_so(editor: Client, here: str, greeting: Prompt) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    run = Run.objects.create(
        prompt=greeting, versions=[1], total=9, author="ada", created_at=long_ago, heard_at=long_ago
    )

    assert "broke off at 0 of 9" in editor.get(f"{here}runs/{run.pk}/").content.decode()


def test_an_example_that_was_deleted_meanwhile_does_not_come_back(greeting: Prompt) -> None:
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    opened = Example.objects.get()
    Example.objects.all().delete()
    with pytest.raises(NotFound):
        save_example(greeting, Draft("Eve", {"customer": "Eve"}), opened)

    assert not Example.objects.exists()


def test_examples_are_run_by_members_of_who_pays_alone(editor: Client, here: str, greeting: Prompt) -> None:
    save_example(greeting, Draft("Ada", {"customer": "Ada"}))
    refused = editor.post(f"{here}run/", {"version": [1]}, follow=True).content.decode()
    shared = Prompt.objects.create(name="shared", search="", newest=1)
    for pays in ("", str(greeting.organisation_id), "\x00"):
        editor.post(f"/admin/prompts/prompt/{shared.pk}/examples/run/", {"version": [1], "organisation": pays})

    assert "You are no member of the organisation that would pay." in refused
    assert "Running them is for members" in refused
    assert not Run.objects.exists()
