"""The page's tokens: one user's, from one page, for a while, of a key that nobody holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from llm.client_tokens import opened
from llm.models import ApiKey, Membership, Organisation
from tests.prompts.playground.conftest import person, signed_in

pytestmark = pytest.mark.django_db
HERE = "http://testserver"


def asked(client: Client, body: Any, **headers: str) -> Any:
    return client.post("/playground/token/", body, content_type="application/json", headers=headers)


def test_a_token_is_the_users_own_and_may_only_generate(editor: Client, acme: Organisation) -> None:
    answer = asked(editor, {"organisation": acme.pk})
    grant, key = opened(answer.json()["token"]), ApiKey.objects.get()

    assert (key.name, key.organisation, key.scopes) == ("playground", acme, ["generate"])
    assert (grant.key, grant.user_id, grant.scopes) == (key.digest, "eve", frozenset({"generate"}))
    assert timedelta() < grant.expires_at - timezone.now() <= timedelta(minutes=15)
    assert answer.headers["cache-control"] == "no-store"


def test_it_is_good_on_the_page_that_asked_and_on_no_other(editor: Client, acme: Organisation) -> None:
    grant = opened(asked(editor, {"organisation": acme.pk}, origin=HERE).json()["token"])

    assert grant.origins == frozenset({HERE})
    assert ApiKey.objects.get().origins == [HERE]


def test_the_key_is_made_once(editor: Client, acme: Organisation) -> None:
    asked(editor, {"organisation": acme.pk})
    digest = ApiKey.objects.get().digest
    asked(editor, {"organisation": acme.pk})

    assert ApiKey.objects.get().digest == digest


@pytest.mark.parametrize("ended", [{"disabled": True}, {"expires_at": timezone.now() - timedelta(seconds=1)}])
def test_a_key_that_was_ended_gives_no_tokens(editor: Client, acme: Organisation, ended: dict[str, Any]) -> None:
    ApiKey.objects.create(name="playground", organisation=acme, **ended)
    answer = asked(editor, {"organisation": acme.pk})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "staff_key_disabled")


def test_managers_and_strangers_get_none(manager: Client, acme: Organisation, client: Client) -> None:
    codes = [asked(one, {"organisation": acme.pk}).status_code for one in (manager, client)]

    assert codes == [403, 401]
    assert not ApiKey.objects.exists()


def test_nobody_spends_for_an_organisation_that_is_not_theirs(editor: Client) -> None:
    globex = Organisation.objects.create(name="globex")
    refused = asked(editor, {"organisation": globex.pk})
    started = editor.get("/playground/").context["start"]

    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "organisation_not_found")
    assert [one["name"] for one in started["organisations"]] == ["acme"]
    assert not ApiKey.objects.exists()


def test_who_administers_organisations_spends_for_all(acme: Organisation) -> None:
    operator = signed_in(person("ada", group="operator"))
    Membership.objects.all().delete()

    assert asked(operator, {"organisation": acme.pk}).status_code == 200


def test_other_sites_get_none(acme: Organisation) -> None:
    wary = signed_in(person("ada", group="operator"), checks=True)

    assert asked(wary, {"organisation": acme.pk}).status_code == 403
    assert asked(wary, {"organisation": acme.pk}, origin="https://evil.example").status_code == 403
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"organisation": "acme"}, 422, "organisation"),
        ({"organisation": 10**30}, 422, "organisation"),
        ({"organisation": 12345}, 404, "organisation"),
        ({}, 404, "organisation"),
        ({"organisation": 1, "other": 1}, 422, "other"),
        ([], 400, None),
    ],
)
def test_bad_input_is_told_by_its_field(editor: Client, body: Any, status: int, param: str | None) -> None:
    answer = asked(editor, body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
