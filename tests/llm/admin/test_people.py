"""Users and groups: nobody gives themselves rights here."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from tests.llm.admin.conftest import Filled


def url_of(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


@pytest.fixture
def clerk(client: Client, db: None) -> Client:
    """Someone who may change users, and is no superuser."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user", "delete_user"]))
    client.force_login(user)
    return client


def test_a_user_is_made_and_put_in_a_group(operator: Client, filled: Filled) -> None:
    add = "/admin/auth/user/add/"
    new = {"username": "bob", "password1": "Vd81Qx-long-enough", "password2": "Vd81Qx-long-enough"}
    assert operator.post(add, {**new, "usable_password": "true"}).status_code == 302
    bob = User.objects.get(username="bob")
    group = Group.objects.create(name="managers")
    form = {**filled(url_of(bob)), "groups": str(group.pk), "is_staff": "on"}
    assert operator.post(url_of(bob), form).status_code == 302
    assert list(bob.groups.all()) == [group]


def test_a_clerk_makes_nobody_a_superuser(clerk: Client) -> None:
    group = Group.objects.create(name="managers")
    user = User.objects.get(username="clerk")
    said = {"username": "clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": str(group.pk)}
    assert clerk.post(url_of(user), said).status_code == 302
    user.refresh_from_db()
    assert not user.is_superuser
    assert not user.groups.exists()


def test_a_clerk_does_not_touch_superusers(clerk: Client) -> None:
    root = User.objects.create_superuser("root", password="pw")
    assert clerk.post(url_of(root), {"username": "mine"}).status_code == 403
    assert clerk.post(f"/admin/auth/user/{root.pk}/password/", {"password1": "x"}).status_code == 403
    assert clerk.post(f"/admin/auth/user/{root.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(username="root").exists()
