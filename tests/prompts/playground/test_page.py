"""The page: to whom it opens, with which policy, and with what."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from analytics.models import RequestBody, RequestLog
from llm.models import Membership, Organisation
from prompts.models import Prompt
from tests.analytics.logbook import row
from tests.prompts.conftest import Save
from tests.prompts.playground.conftest import person, signed_in

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 11, 20, 12, tzinfo=UTC)
READS = ("use_playground", "view_prompt", "view_requestlog", "view_requestbody")


def start(client: Client, address: str = "/playground/") -> Any:
    html = client.get(address).content.decode()
    found = re.search(r'<script id="start" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def recorded(acme: Organisation, asked: Any, **columns: Any) -> RequestLog:
    made = row(BEGUN, organisation_id=acme.pk, model="echo", **columns)
    made.save()
    RequestBody.objects.create(id=made.id, created_at=made.created_at, organisation_id=acme.pk, request=asked)
    return made


def test_nothing_but_our_own_host_is_run_loaded_or_asked(editor: Client, acme: Organisation) -> None:
    policy = editor.get("/playground/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy


def test_managers_see_a_page_that_says_no_and_strangers_the_login(manager: Client, client: Client) -> None:
    refused, unknown = manager.get("/playground/"), client.get("/playground/")

    assert (refused.status_code, unknown.status_code) == (403, 302)
    assert "You may not use the playground" in refused.content.decode()
    assert unknown.headers["location"].startswith("/admin/login/")


def test_without_an_organisation_it_says_what_is_missing(editor: Client) -> None:
    Membership.objects.all().delete()
    assert "You are a member of no organisation" in editor.get("/playground/").content.decode()


def test_a_prompts_version_is_opened(editor: Client, greeting: Prompt, save: Save) -> None:
    save()
    save("No names")
    opening = start(editor, f"/playground/?prompt={greeting.pk}&version=1")["opening"]

    assert opening["organisation"] == greeting.organisation_id
    assert (opening["column"]["prompt"]["name"], opening["column"]["edition"]) == ("greeting", "version:1")


def test_a_record_is_opened_as_it_was_asked(acme: Organisation, save: Save) -> None:
    save()
    prompt = {"name": "greeting", "version": 1, "variables": {"customer": "Ada"}}
    said = [{"role": "user", "content": "Hello Ada"}, {"role": "user", "content": [{"type": "text", "text": "More"}]}]
    asked = {"messages": said, "prompt": prompt, "options": {"temperature": 0.2, "top_p": 1}}
    made = recorded(acme, asked, prompt="greeting", prompt_version=1)
    opening = start(signed_in(person("rita", rights=READS)), f"/playground/?record={made}")["opening"]

    assert opening["shared"] == {"messages": [{"role": "user", "content": "More"}], "variables": {"customer": "Ada"}}
    assert (opening["column"]["model"], opening["column"]["temperature"]) == ("echo", 0.2)
    assert opening["column"]["edition"] == "version:1"


def test_a_record_that_was_refused_for_its_prompt_keeps_its_own_messages(acme: Organisation, save: Save) -> None:
    save()
    asked = {"messages": [{"role": "user", "content": "More"}], "prompt": {"name": "greeting", "variables": {}}}
    made = recorded(acme, asked, prompt="greeting", prompt_version=1, error_code="variable_missing")
    opening = start(signed_in(person("rita", rights=READS)), f"/playground/?record={made}")["opening"]

    assert opening["shared"]["messages"] == [{"role": "user", "content": "More"}]


def test_what_the_page_has_no_place_for_is_named(acme: Organisation) -> None:
    image = {"type": "image", "image": "data:image/png;base64,aa"}
    said = [{"role": "user", "content": [{"type": "text", "text": "See"}, image]}, {"role": "tool", "content": "1"}]
    made = recorded(acme, {"messages": said, "fallbacks": ["other"]})
    opening = start(signed_in(person("rita", rights=READS)), f"/playground/?record={made}")["opening"]

    assert opening["shared"]["messages"] == [{"role": "user", "content": "See"}]
    assert opening["note"].endswith("images, messages of the role tool, fallbacks.")


def test_who_may_not_read_messages_gets_the_model_alone(acme: Organisation) -> None:
    made = recorded(acme, {"messages": [{"role": "user", "content": "a secret"}]})
    reader = signed_in(person("rita", rights=("use_playground", "view_requestlog")))
    told = start(reader, f"/playground/?record={made}")

    assert told["opening"]["column"] == {"model": "echo"}
    assert "a secret" not in json.dumps(told)


@pytest.mark.parametrize(
    "query",
    [
        "record=x",
        "record=",
        f"record=gen_{UUID(int=0)}",
        f"record=gen_{UUID(int=2**128 - 1)}",
        "prompt=x",
        "prompt=9",
        f"prompt={10**40}",
        "prompt=²",
    ],
)
def test_a_link_that_leads_nowhere_says_so(acme: Organisation, query: str) -> None:
    opening = start(signed_in(person("rita", rights=READS)), f"/playground/?{query}")["opening"]

    assert "could not be opened" in opening["note"]
    assert "column" not in opening


@pytest.mark.parametrize(
    "asked", [None, [], "x", {"messages": "x"}, {"messages": [{"role": 1, "content": 2}]}, {"messages": [3]}]
)
def test_whatever_the_log_holds_the_page_opens(acme: Organisation, asked: Any) -> None:
    made = recorded(acme, asked, prompt="gone", prompt_version=3)

    assert start(signed_in(person("rita", rights=READS)), f"/playground/?record={made}")["opening"]["column"]
