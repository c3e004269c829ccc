"""The groups of staff: there after every migrate, with the rights that are written down, those of new models too."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.test import Client

from config.roles import ROLES, grant

pytestmark = pytest.mark.django_db


def rights(role: str, **where: Any) -> set[str]:
    found = Permission.objects.filter(group__name=role, **where)
    return {f"{app}.{codename}" for app, codename in found.values_list("content_type__app_label", "codename")}


def every(app: str) -> set[str]:
    found = Permission.objects.filter(content_type__app_label=app)
    return {f"{app}.{codename}" for codename in found.values_list("codename", flat=True)}


def member(role: str, name: str = "eve") -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def test_a_migrated_database_has_the_groups() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_an_operator_may_do_everything_with_the_registry_and_read_all_of_the_log() -> None:
    held = rights("operator")

    assert every("llm") <= held
    assert {"analytics.view_requestlog", "analytics.view_requestbody"} <= held
    assert not [right for right in held if right.startswith("analytics.") and ".view_" not in right]


def test_a_manager_changes_nothing_and_reads_no_bodies() -> None:
    held = rights("manager")

    assert "analytics.view_requestlog" in held
    assert "analytics.view_requestbody" not in held
    assert all(".view_" in right for right in held)


def test_a_prompt_editor_has_nothing_but_prompts_and_deletes_none() -> None:
    held = rights("prompt editor")

    assert {"prompts.add_version", "prompts.change_prompt", "prompts.use_playground"} <= held <= every("prompts")
    assert not [right for right in held if ".delete_" in right]


def test_only_a_prompt_publisher_moves_protected_labels() -> None:
    assert {role for role in ROLES if "prompts.publish_prompt" in rights(role)} == {"prompt publisher"}
    assert rights("prompt publisher") == rights("prompt editor") | {"prompts.publish_prompt"}


def test_a_new_models_permissions_arrive_with_the_next_migrate() -> None:
    kind = ContentType.objects.create(app_label="llm", model="novelty")
    Permission.objects.create(content_type=kind, codename="change_novelty", name="Can change novelty")

    call_command("migrate", verbosity=0)

    assert "llm.change_novelty" in rights("operator")
    assert "llm.change_novelty" not in rights("manager") | rights("prompt editor")


def test_each_migrate_sets_the_groups_back_and_leaves_others_alone() -> None:
    before = {role: rights(role) for role in ROLES}
    manager, own = Group.objects.get(name="manager"), Group.objects.create(name="auditors")
    manager.permissions.set(Permission.objects.filter(codename__in=["delete_provider", "add_group"]))
    own.permissions.set(Permission.objects.filter(codename="view_logentry"))

    call_command("migrate", verbosity=0)

    assert {role: rights(role) for role in ROLES} == before
    assert rights("auditors") == {"admin.view_logentry"}


def test_a_database_without_groups_is_left_alone() -> None:
    class Empty:
        def get_model(self, *name: str) -> None:
            raise LookupError

    Group.objects.all().delete()
    grant(apps.get_app_config("llm"), "default", Empty())  # type: ignore[arg-type]  # all that is asked of a registry
    assert not Group.objects.exists()


def test_an_operator_makes_nobody_a_superuser_and_touches_none() -> None:
    root = User.objects.create_superuser("root")
    operator = member("operator")
    eve = User.objects.get(username="eve")
    groups = [str(group.pk) for group in Group.objects.all()]
    form = {"username": "eve", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": groups}

    assert operator.post(f"/admin/auth/user/{eve.pk}/change/", form).status_code == 302
    for page in ("change", "password", "delete"):
        assert operator.post(f"/admin/auth/user/{root.pk}/{page}/", form).status_code == 403

    eve.refresh_from_db()
    assert not eve.is_superuser
    assert [group.name for group in eve.groups.all()] == ["operator"]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_a_superuser_changes_groups(role: str) -> None:
    group = Group.objects.get(name=role)

    assert member(role).post(f"/admin/auth/group/{group.pk}/change/", {"name": "all mine"}).status_code == 403


def test_a_prompt_editor_is_led_to_prompts_alone() -> None:
    page = member("prompt editor").get("/admin/").content.decode()

    assert "/admin/prompts/prompt/" in page
    assert not re.search("/admin/(llm|analytics|auth)/", page)
