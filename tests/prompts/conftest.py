"""Prompts in the database, and those who write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from llm.dialects.fields import Fields
from llm.models import Organisation
from prompts.models import Prompt, Version
from prompts.wording import Wording, read_wording
from prompts.writing.authors import Author
from prompts.writing.editing import Details, create, save_version
from tests.prompts.furnished import furnish
from tests.serving import Serving, serving

ADA = Author("ada", None, may_publish=True, may_secure=True)
PIA = Author("pia", None, may_publish=True)
EVE = Author("eve", None, may_publish=False)
"""Ada may do everything, Pia publish and set no rules, Eve write; none of them is a user."""

Save = Callable[..., Version]


def wording(content: str = "Hello {{ customer }}", **more: Any) -> Wording:
    said = {
        "messages": [{"role": "user", "content": content}],
        "variables": [{"name": "customer", "type": "string"}] if "customer" in content else [],
        **more,
    }
    return read_wording(Fields(said, "", strict=True))


def person(name: str, *, may_publish: bool = True) -> Author:
    """One whom the gateway knows."""
    return Author(name, User.objects.create_user(name).pk, may_publish)


@pytest.fixture
def acme(db: None) -> Organisation:
    return Organisation.objects.create(name="acme")


@pytest.fixture
def greeting(acme: Organisation) -> Prompt:
    return create(Details("greeting", tags=["friendly"]), ADA, acme)


@pytest.fixture
def save(greeting: Prompt) -> Save:
    def saved(content: str = "Hello {{ customer }}", **more: Any) -> Version:
        return save_version(greeting, wording(content, **more), EVE)

    return saved


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("prompts")) as installed:
        furnish(installed)
        yield installed
