from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from llm.models import ApiKey, Organisation, Team
from tests.llm import rows

pytestmark = pytest.mark.django_db


def test_a_key_is_kept_as_a_digest_and_four_characters() -> None:
    key, secret = rows.key()
    key.refresh_from_db()
    assert key.last_four == secret[-4:]
    assert len(str(key.digest)) == 64
    dump = io.StringIO()
    call_command("dumpdata", "llm", stdout=dump)
    assert secret not in dump.getvalue()


def test_a_key_may_everything_but_write_publish_and_see_its_organisation() -> None:
    key, _ = rows.key()
    assert set(key.scopes) == {"generate", "prompts.read", "batches", "usage", "requests"}
    assert key.models == ["*"]


def test_a_name_is_free_in_another_organisation_only() -> None:
    rows.key("frontend", "acme")
    rows.key("frontend", "globex")
    with pytest.raises(ValidationError):
        rows.key("frontend", "acme")


def test_any_number_of_keys_may_have_no_secret_yet() -> None:
    acme = Organisation.objects.create(name="acme")
    ApiKey.objects.create(name="a", organisation=acme)
    ApiKey.objects.create(name="b", organisation=acme)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "two words"),
        ("scopes", ["generate", "everything"]),
        ("scopes", ["generate", "generate"]),
        ("scopes", "generate"),
        ("models", ["gpt 4"]),
        ("models", [""]),
        ("origins", ["app.example"]),
        ("origins", ["https://app.example/path"]),
        ("requests_per_minute", 0),
        ("tokens_per_minute", -1),
        ("max_concurrency", 0),
        ("reserve_max_tokens", 0),
    ],
)
def test_nonsense_is_refused_at_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        rows.key(**{"name": "frontend", field: value})  # type: ignore[arg-type]  # wrong on purpose
    assert field in refused.value.message_dict


def test_a_team_of_another_organisation_is_refused() -> None:
    globex = Organisation.objects.create(name="globex")
    with pytest.raises(ValidationError, match="another organisation"):
        rows.key(team=Team.objects.create(organisation=globex, name="web"))


def test_a_rotated_keys_former_secret_ends_with_the_next_one() -> None:
    key, first = rows.key()
    second = key.rotate(timedelta(hours=1))
    former = key.former_digest
    key.rotate(timedelta(hours=1))
    assert len({first, second}) == 2
    assert key.former_digest not in (None, former)


def test_a_secret_that_is_set_leaves_no_former_one() -> None:
    key, _ = rows.key()
    key.rotate(timedelta(hours=1))
    key.set_secret("gh_another-one-altogether")
    assert (key.former_digest, key.former_until, key.overlaps_until) == (None, None, None)
