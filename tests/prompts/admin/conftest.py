"""Editors of prompts, in browsers without a window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

Enter = Callable[[str], Client]


@pytest.fixture
def enter(db: None) -> Enter:
    """By the name of a group of staff."""

    def entered(role: str) -> Client:
        user = User.objects.create_user(role.replace(" ", "-"), is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return entered
