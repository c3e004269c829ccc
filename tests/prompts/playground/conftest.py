"""People who may and may not use the playground."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client


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
