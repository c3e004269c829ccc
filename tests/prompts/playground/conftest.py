"""People who may and may not use the playground."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from llm.models import Membership, Organisation


def person(name: str, *, group: str | None = None, rights: tuple[str, ...] = ()) -> User:
    """A member of acme, where there is one."""
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    for acme in Organisation.objects.filter(name="acme"):
        Membership.objects.create(user=user, organisation=acme)
    return user


def signed_in(user: User, *, checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=checks)
    client.force_login(user)
    return client


@pytest.fixture
def editor(acme: Organisation) -> Client:
    return signed_in(person("eve", group="prompt editor"))


@pytest.fixture
def manager(acme: Organisation) -> Client:
    return signed_in(person("max", group="manager"))
