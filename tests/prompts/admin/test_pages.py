"""The pages of a prompt: who may see and do what, and what is said to those who may not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from llm.errors import InvalidField
from prompts.models import Prompt
from prompts.writing import editing
from prompts.writing.authors import Author
from prompts.writing.editing import Details, archive, create, save_version, secure
from prompts.writing.labelling import found, move, protect, standing, whole
from tests.prompts.admin.conftest import Enter
from tests.prompts.conftest import ADA, Save, wording

HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}\u202e"


@pytest.fixture
def twice(greeting: Prompt, save: Save) -> str:
    """The address of a prompt with two versions, the first in production."""
    save("First words")
    save("Second words")
    move(greeting, "production", whole(1), ADA, reason="first")
    return f"/admin/prompts/prompt/{greeting.pk}/"


def moved(client: Client, here: str, label: str = "production", **said: Any) -> int:
    return client.post(f"{here}labels/{label}/move/", {"to": 2, "reason": "better", **said}).status_code


def test_a_publisher_moves_production_and_back(greeting: Prompt, twice: str, enter: Enter) -> None:
    client = enter("prompt publisher")
    page = client.get(f"{twice}labels/production/move/?to=2").content.decode()
    assert "<del>First</del>" in page
    assert "<ins>Second</ins>" in page
    assert moved(client, twice) == 302
    assert standing(greeting, "production") == whole(2)

    history = client.get(f"{twice}labels/production/").content.decode()
    assert "better" in history
    for page in (history, client.get(twice).content.decode()):
        assert "labels/production/move/?to=1&amp;reason=Back+to+version+1" in page
    assert moved(client, twice, to=1, reason="Back to version 1") == 302
    assert standing(greeting, "production") == whole(1)


@pytest.mark.parametrize(("role", "status"), [("prompt editor", 403), ("operator", 403), ("manager", 403)])
def test_nobody_else_moves_production(greeting: Prompt, twice: str, enter: Enter, role: str, status: int) -> None:
    assert moved(enter(role), twice) == status
    assert standing(greeting, "production") == whole(1)


@pytest.mark.parametrize(
    "said",
    [
        {"to": ""},
        {"to": "x"},
        {"to": 99},
        {"to": "9" * 400},
        {"to": [2, 1], "weight": [1, 0]},
        {"to": [2, 1], "weight": [1, -3]},
        {"to": [2, 1], "weight": [1, "nan"]},
        {"to": [2, 1], "weight": [1, "\x00"]},
        {"to": [2, 1], "weight": [1]},
        {"to": [2, 2], "weight": [1, 1]},
        {"to": [2, 1] * 400, "weight": [1] * 800},
        {"reason": "\x00"},
        {"reason": "a" * 3_000},
        {"reason": ""},
    ],
)
def test_a_move_that_says_nothing_is_refused_and_keeps_what_was_typed(
    greeting: Prompt, twice: str, enter: Enter, said: dict[str, Any]
) -> None:
    assert moved(enter("prompt publisher"), twice, **said) == 422
    assert standing(greeting, "production") == whole(1)


@pytest.mark.parametrize("role", ["prompt publisher", "prompt editor", "operator"])
@pytest.mark.parametrize("page", ["", "diff/1/2/", "diff/1/2/?view=beside", "labels/production/"])
def test_staff_with_the_right_look_at_every_page(twice: str, enter: Enter, role: str, page: str) -> None:
    answer = enter(role).get(f"{twice}{page}")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "page", ["", "diff/1/2/", "labels/production/", "labels/production/move/", "compare/?from=1&to=2"]
)
def test_a_manager_sees_no_prompt_and_the_anonymous_sign_in(twice: str, enter: Enter, page: str) -> None:
    refused = enter("manager").get(f"{twice}{page}")
    assert refused.status_code == 403
    assert "You may not open this page" in refused.content.decode()
    assert Client().get(f"{twice}{page}").headers["location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    "page",
    [
        "diff/1/9/",
        "diff/0/1/",
        f"diff/1/{10**30}/",
        "labels/PRODUCTION/move/",
        "archive/",
        "duplicate/",
    ],
)
def test_an_address_that_leads_nowhere_is_no_error(twice: str, enter: Enter, page: str) -> None:
    assert enter("prompt editor").get(f"{twice}{page}").status_code in (404, 405)


def test_a_version_that_is_not_there_is_told_on_a_page_with_a_way_back(twice: str, enter: Enter) -> None:
    answer = enter("prompt editor").get(f"{twice}versions/9/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert 'href="/admin/"' in answer.content.decode()


def test_nobody_is_offered_a_way_to_save_that_leads_elsewhere_than_it_says(twice: str, enter: Enter) -> None:
    client = enter("prompt editor")
    for path in ("/admin/prompts/prompt/add/", f"{twice}change/"):
        page = client.get(path).content.decode()
        assert 'name="_save"' in page
        assert "_addanother" not in page
        assert "_continue" not in page


def test_an_editor_archives_nothing_that_is_published(greeting: Prompt, twice: str, enter: Enter) -> None:
    client = enter("prompt editor")
    assert "Archive greeting" not in client.get(twice).content.decode()
    assert "Archive greeting" in enter("prompt publisher").get(twice).content.decode()
    client.post(f"{twice}archive/")
    ticked = {"action": "archive", "_selected_action": [greeting.pk], "agreed": "yes"}
    page = client.post("/admin/prompts/prompt/", ticked, follow=True).content.decode()
    assert "protected label" in page
    greeting.refresh_from_db()
    assert not greeting.archived


def test_a_bulk_action_archives_what_is_free_and_brings_it_back(greeting: Prompt, enter: Enter) -> None:
    client = enter("prompt editor")
    for action, archived in (("archive", True), ("bring_back", False)):
        client.post("/admin/prompts/prompt/", {"action": action, "_selected_action": [greeting.pk], "agreed": "yes"})
        greeting.refresh_from_db()
        assert greeting.archived is archived


@pytest.mark.parametrize("role", ["prompt editor", "prompt publisher", "manager"])
def test_who_writes_and_publishes_lifts_no_rule_by_any_page(
    greeting: Prompt, twice: str, enter: Enter, role: str
) -> None:
    secure(greeting, ADA, needs_green=True, needs_approval=True)
    client = enter(role)
    said = {"name": "greeting", "description": "", "category": "chat", "tags": "", "needs_green": "", "green": ""}
    client.post(f"{twice}change/", said)
    for page in ("rules/", "labels/production/protection/"):
        assert client.post(f"{twice}{page}", {"protected": "no"}).status_code == 403
    greeting.refresh_from_db()
    assert (greeting.needs_green, greeting.needs_approval) == (True, True)
    assert found(greeting, "production").protected


def test_an_operator_sets_rules_and_protection_and_the_history_says_so(
    greeting: Prompt, twice: str, enter: Enter
) -> None:
    client = enter("operator")
    assert 'name="approval"' in client.get(twice).content.decode()
    client.post(f"{twice}rules/", {"green": "on", "approval": "on"})
    client.post(f"{twice}rules/", {"approval": "on"})
    client.post(f"{twice}labels/production/protection/", {"protected": "no"})
    client.post(f"{twice}labels/nowhere/protection/", {"protected": "yes"})
    greeting.refresh_from_db()
    assert (greeting.needs_green, greeting.needs_approval) == (False, True)
    assert not found(greeting, "production").protected
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("id")] == [
        "Rules of publishing from none to green examples and four eyes.",
        "Rules of publishing from green examples and four eyes to four eyes.",
        "production is protected no longer.",
    ]


def test_whoever_sees_a_prompt_sees_its_rules(greeting: Prompt, twice: str, enter: Enter) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    page = enter("prompt publisher").get(twice).content.decode()
    assert "somebody else has to agree" in page
    assert "every example has to pass" not in page
    assert 'name="approval"' not in page


def test_a_published_prompt_is_not_renamed_by_the_form_of_an_editor(greeting: Prompt, twice: str, enter: Enter) -> None:
    said = {"name": "elsewhere", "description": "", "category": "chat", "tags": ""}
    page = enter("prompt editor").post(f"{twice}change/", said)
    assert page.status_code == 200
    assert "protected label" in page.content.decode()
    greeting.refresh_from_db()
    assert greeting.name == "greeting"


def test_a_published_shared_prompt_is_not_hidden_by_the_form_of_an_editor(acme: Any, enter: Enter) -> None:
    shared = create(Details("welcome"), ADA, None)
    save_version(shared, wording(), ADA)
    move(shared, "production", whole(1), ADA, reason="go")
    said = {"name": "welcome", "organisation": acme.pk, "description": "", "category": "chat", "tags": ""}
    assert enter("prompt editor").post("/admin/prompts/prompt/add/", said).status_code == 200
    assert Prompt.objects.count() == 1


@pytest.mark.parametrize("answer", [{}, {"answer": "yes"}])
def test_a_proposal_is_agreed_to_or_declined_in_so_many_words(
    greeting: Prompt, twice: str, enter: Enter, answer: dict[str, str]
) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    move(greeting, "production", whole(2), ADA, reason="better")
    enter("prompt publisher").post(f"{twice}proposals/{greeting.proposals.get().pk}/", answer)
    assert greeting.proposals.exists()


def test_a_prompt_is_made_by_the_form_and_found_by_its_words(acme: Any, enter: Enter) -> None:
    client = enter("prompt editor")
    said = {"name": "farewell", "organisation": acme.pk, "description": "Good bye", "category": "chat", "tags": "a\nb"}
    made = client.post("/admin/prompts/prompt/add/", said)
    prompt = Prompt.objects.get(name="farewell")
    assert made.headers["location"] == f"/admin/prompts/prompt/{prompt.pk}/"
    assert (prompt.tags, prompt.owner.username if prompt.owner else None) == (["a", "b"], "prompt-editor")
    assert "farewell" in client.get("/admin/prompts/prompt/?q=bye").content.decode()
    assert "farewell" not in client.get("/admin/prompts/prompt/?q=hello").content.decode()


def test_an_editor_chooses_among_organisations_and_staff_without_a_right_to_their_pages(
    acme: Any, greeting: Prompt, enter: Enter
) -> None:
    client = enter("prompt editor")
    User.objects.create_user("customer")
    bob = User.objects.create_user("bob", is_staff=True)
    page = client.get("/admin/prompts/prompt/add/").content.decode()
    assert all(f">{name}</option>" in page for name in ("acme", "bob"))
    assert ">customer</option>" not in page
    said = {"name": "greeting", "description": "", "category": "chat", "tags": "", "owner": bob.pk}
    assert client.post(f"/admin/prompts/prompt/{greeting.pk}/change/", said).status_code == 302
    greeting.refresh_from_db()
    assert greeting.owner == bob
    assert "greeting" in client.get(f"/admin/prompts/prompt/?owner__id__exact={bob.pk}&q=bob").content.decode()


@pytest.mark.parametrize(
    "said", [{"name": ""}, {"name": "a b"}, {"name": "export"}, {"tags": "t\x00"}, {"tags": "x" * 99}]
)
def test_a_form_that_makes_no_sense_is_shown_again(acme: Any, enter: Enter, said: dict[str, str]) -> None:
    form = {"name": "farewell", "organisation": acme.pk, "description": "", "category": "chat", "tags": "", **said}
    assert enter("prompt editor").post("/admin/prompts/prompt/add/", form).status_code == 200
    assert not Prompt.objects.exists()


def test_nothing_that_people_wrote_runs(greeting: Prompt, save: Save, enter: Enter) -> None:
    for version in ("First", f"Second {{{{ '{{{{' }}}} {HOSTILE.replace('{{ 7|add:7 }}', '')}"):
        save(version)
    move(greeting, "production", whole(1), ADA, reason=HOSTILE)
    move(greeting, "production", whole(2), ADA, reason="next")
    client, here = enter("prompt publisher"), f"/admin/prompts/prompt/{greeting.pk}/"
    for page in ("", "diff/1/2/", "labels/production/", "labels/production/move/?to=1&reason=<script>"):
        said = client.get(f"{here}{page}").content.decode()
        assert "<script>alert" not in said
        assert '<script>"' not in said
        assert "14\u202e" not in said


def test_a_protected_label_that_is_set_free_moves_freely(greeting: Prompt, twice: str, enter: Enter) -> None:
    protect(greeting, "production", ADA, protected=False)
    assert moved(enter("prompt editor"), twice) == 302


def test_an_archived_prompt_says_so(greeting: Prompt, twice: str, enter: Enter) -> None:
    archive(greeting, ADA)
    client = enter("prompt publisher")
    page = client.get(twice).content.decode()
    assert "Calls that ask for this prompt get a 404." in page
    assert "Open in the playground" not in page
    assert "greeting is back." in client.post(f"{twice}archive/", follow=True).content.decode()


def test_a_copy_says_of_what_it_is_one(twice: str, enter: Enter) -> None:
    client = enter("prompt editor")
    page = client.post(f"{twice}duplicate/", {"name": "salute"}, follow=True).content.decode()
    assert "salute is a copy of greeting." in page
    page = client.post(f"{twice}duplicate/", {"name": "two words"}, follow=True).content.decode()
    assert "is a copy" not in page


def test_a_prompt_without_a_version_shows_no_labels(greeting: Prompt, enter: Enter) -> None:
    page = enter("prompt publisher").get(f"/admin/prompts/prompt/{greeting.pk}/").content.decode()
    assert "Write the first version" in page
    assert "Labels" not in page


def test_a_label_of_ones_own_is_named_on_the_prompts_page(twice: str, enter: Enter) -> None:
    client = enter("prompt editor")

    assert client.get(f"{twice}labels/?label=Canary ").headers["location"] == f"{twice}labels/canary/move/"
    for nonsense in ("", "two words", "a/b", "\x00", "ä", "a" * 65):
        assert client.get(f"{twice}labels/", {"label": nonsense}).headers["location"] == twice


def test_a_name_that_is_taken_is_said_beside_the_form(acme: Any, greeting: Prompt, enter: Enter) -> None:
    create(Details("farewell"), ADA, acme)
    said = {"name": "farewell", "description": "kept", "category": "chat", "tags": ""}
    page = enter("prompt editor").post(f"/admin/prompts/prompt/{greeting.pk}/change/", said)
    assert page.status_code == 200
    assert "There is a prompt" in page.content.decode()
    assert "kept" in page.content.decode()


def test_what_was_right_when_the_form_was_judged_and_is_so_no_longer_is_said(
    greeting: Prompt, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: Any) -> None:
        raise InvalidField("There is a prompt farewell already.", param="name")

    monkeypatch.setattr(editing, "describe", overtaken)
    said = {"name": "farewell", "description": "", "category": "chat", "tags": ""}
    page = enter("prompt editor").post(f"/admin/prompts/prompt/{greeting.pk}/change/", said, follow=True)
    assert "Nothing was saved. There is a prompt farewell already." in page.content.decode()


def test_two_people_agree_by_the_pages_to_what_a_key_wishes(greeting: Prompt, twice: str, enter: Enter) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    move(greeting, "production", whole(2), Author("key nightly", None, may_publish=True), reason="better")
    first, second = enter("prompt publisher"), Client()
    second.force_login(User.objects.create_superuser("bob"))
    answer = f"{twice}proposals/{greeting.proposals.get().pk}/"
    assert "two have to agree" in first.get(twice).content.decode()
    for client, version in ((first, 1), (first, 1), (second, 2)):
        client.post(answer, {"answer": "approve"})
        assert standing(greeting, "production") == whole(version)
    moved = greeting.moves.first()
    assert moved is not None
    assert (moved.author, moved.approver) == ("prompt-publisher, for key nightly", "bob")


def test_a_search_for_a_thousand_words_is_no_error(greeting: Prompt, enter: Enter) -> None:
    said = {"q": "greeting " + " ".join(map(str, range(1_000)))}
    assert enter("prompt editor").get("/admin/prompts/prompt/", said).status_code == 200


@pytest.mark.parametrize("ticked", ["x", "\x00", "9" * 30, "-" + "9" * 30])
@pytest.mark.parametrize("more", [{}, {"agreed": "yes"}])
def test_a_tick_for_what_cannot_be_is_bad_input(
    greeting: Prompt, enter: Enter, ticked: str, more: dict[str, str]
) -> None:
    said = {"action": "archive", "_selected_action": [greeting.pk, ticked], **more}
    assert enter("prompt editor").post("/admin/prompts/prompt/", said).status_code == 400
    greeting.refresh_from_db()
    assert not greeting.archived
