"""People who may and may not use the playground, and a gateway that serves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.prompts.playground.served import furnish
from tests.serving import Serving, serving


def person(name: str, *, group: str | None = None, rights: tuple[str, ...] = ()) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def signed_in(user: User, *, checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=checks)
    client.force_login(user)
    return client


@pytest.fixture
def editor(db: None) -> Client:
    return signed_in(person("eve", group="prompt editor"))


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(person("max", group="manager"))


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("playground")) as installed:
        furnish(installed)
        yield installed
