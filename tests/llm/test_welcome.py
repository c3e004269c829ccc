"""The printed way into the admin: once, soon, from this machine, and for a superuser only."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from llm import welcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def path() -> str:
    return welcome.path_for(welcome.administrator())


def enters(path: str, **peer: str) -> bool:
    client = Client()
    client.get(path, **peer)  # type: ignore[arg-type]  # the stubs take no headers as keywords
    return "_auth_user_id" in client.session


def test_it_leads_into_the_admin(client: Client, path: str) -> None:
    answer = client.get(path, follow=True)
    assert answer.redirect_chain == [("/admin/", 302)]
    assert answer.status_code == 200


def test_it_works_once(path: str) -> None:
    assert enters(path)
    assert not enters(path)


def test_of_two_links_the_second_dies_with_the_use_of_the_first(path: str) -> None:
    other = welcome.path_for(welcome.administrator())
    assert enters(path)
    assert not enters(other)


def test_it_works_again_after_a_new_start() -> None:
    for _ in range(2):
        assert enters(welcome.path_for(welcome.administrator()))


@pytest.mark.parametrize(("minutes", "opens"), [(14, True), (15.1, False)])
def test_it_is_too_late_after_fifteen_minutes(
    path: str, monkeypatch: pytest.MonkeyPatch, minutes: float, opens: bool
) -> None:
    then = time.time() + minutes * 60
    monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: then))
    assert enters(path) is opens


@pytest.mark.parametrize(
    "peer",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"REMOTE_ADDR": ""},
    ],
    ids=["elsewhere", "proxy", "another proxy", "no address"],
)
def test_it_works_from_this_machine_only(path: str, peer: dict[str, str]) -> None:
    assert not enters(path, **peer)
    assert enters(path)


def test_it_works_from_elsewhere_where_that_is_allowed(path: str, settings: Settings) -> None:
    settings.WELCOME_REMOTE = True
    assert enters(path, REMOTE_ADDR="203.0.113.9")


def test_a_forged_link_says_what_to_do(client: Client, path: str) -> None:
    answer = client.get(path.rstrip("/")[:-1] + "x/")
    assert answer.status_code == 403
    assert b"A new start prints another" in answer.content


@pytest.mark.parametrize("lost", ["is_superuser", "is_active"])
def test_it_lets_nobody_in_who_lost_the_right(path: str, lost: str) -> None:
    User.objects.update(**{lost: False})
    assert not enters(path)


def test_the_administrator_has_no_password() -> None:
    made = welcome.administrator()
    assert (made.username, made.is_superuser, made.has_usable_password()) == ("admin", True, False)


def test_a_superuser_who_is_there_is_taken() -> None:
    present = User.objects.create_superuser("ada", last_login=timezone.now() - timedelta(days=1))
    assert present == welcome.administrator()
    assert enters(welcome.path_for(present))


def test_a_plain_user_called_admin_stays_plain() -> None:
    User.objects.create_user("admin")
    assert welcome.administrator().username == "admin-2"
    assert not User.objects.get(username="admin").is_superuser
