from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from llm.models import ApiKey, Keyring, Organisation
from llm.models.frozen import load_callers
from llm.vault import digest

pytestmark = pytest.mark.django_db


def create_key(*arguments: str) -> tuple[str, str]:
    """Standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("create_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_key_alone_is_on_standard_output_and_works() -> None:
    Organisation.objects.create(name="acme")
    out, err = create_key("frontend")
    secret = out.strip()
    (caller,) = load_callers([digest(secret, Keyring.pepper())]).values()
    assert (caller.key_name, caller.organisation) == ("frontend", "acme")
    assert secret not in err


def test_json_has_id_name_and_key() -> None:
    Organisation.objects.create(name="acme")
    said = json.loads(create_key("frontend", "--json")[0])
    assert said == {"id": ApiKey.objects.get().pk, "name": "frontend", "key": said["key"]}
    assert said["key"].startswith("gh_")


def test_of_several_organisations_demo_is_the_default() -> None:
    Organisation.objects.create(name="acme")
    Organisation.objects.create(name="demo")
    create_key("frontend")
    assert ApiKey.objects.get().organisation.name == "demo"
    create_key("frontend", "--organisation", "acme")
    assert ApiKey.objects.filter(organisation__name="acme").exists()


def test_of_several_organisations_without_demo_one_must_be_named() -> None:
    Organisation.objects.create(name="acme")
    Organisation.objects.create(name="globex")
    with pytest.raises(CommandError, match=r"name one with --organisation \(acme, globex\)"):
        create_key("frontend")


def test_a_misspelt_organisation_is_refused_with_near_names() -> None:
    Organisation.objects.create(name="acme")
    with pytest.raises(CommandError, match=r"No organisation 'acne' \(acme\)"):
        create_key("frontend", "--organisation", "acne")


def test_without_any_organisation_the_way_on_is_named() -> None:
    with pytest.raises(CommandError, match="run bootstrap or apply_registry first"):
        create_key("frontend")


@pytest.mark.parametrize("name", ["frontend", "two words", ""])
def test_a_bad_or_taken_name_is_refused(name: str) -> None:
    Organisation.objects.create(name="acme")
    create_key("frontend")
    with pytest.raises(CommandError, match="No key"):
        create_key(name)
    assert ApiKey.objects.count() == 1
