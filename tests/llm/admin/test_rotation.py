"""Another secret for a key, while applications still use the former one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from llm.models import ApiKey, Keyring
from llm.models.frozen import load_callers
from llm.vault import digest
from tests.llm import rows


def rotate(operator: Client, key: ApiKey, hours: str) -> str:
    """The new secret, from the page that shows it."""
    response = operator.post(reverse("admin:llm_apikey_rotate", args=[key.pk]), {"overlap": hours})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    found = re.search(r"gh_[\w-]{43}", response.content.decode())
    assert found is not None
    return found.group()


def works(secret: str) -> bool:
    return bool(load_callers([digest(secret, Keyring.pepper())]))


@pytest.mark.parametrize(("hours", "overlaps"), [("0", False), ("1", True), ("24", True), ("168", True)])
def test_the_former_secret_works_for_as_long_as_was_chosen(operator: Client, hours: str, overlaps: bool) -> None:
    key, former = rows.key()
    new = rotate(operator, key, hours)
    assert (works(new), works(former)) == (True, overlaps)
    key.refresh_from_db()
    if overlaps:
        assert key.former_until is not None
        left = key.former_until - timezone.now()
        assert timedelta(hours=int(hours)) - timedelta(minutes=1) < left <= timedelta(hours=int(hours))


def test_neither_secret_is_seen_again(operator: Client) -> None:
    key, former = rows.key()
    new = rotate(operator, key, "24")
    key.refresh_from_db()
    pages = [
        operator.get(url).content.decode()
        for url in ("/admin/llm/apikey/", reverse("admin:llm_apikey_change", args=[key.pk]))
    ]
    history = str(list(LogEntry.objects.values()))
    for secret in (former, new, str(key.digest), str(key.former_digest)):
        assert secret not in history
        assert all(secret not in page for page in pages)
    assert "works until" in pages[1]
    assert "secret rotated, the former one works on: 24 hours" in history


def test_an_overlap_that_was_not_offered_is_refused(operator: Client) -> None:
    key, former = rows.key()
    page = operator.post(reverse("admin:llm_apikey_rotate", args=[key.pk]), {"overlap": "99999"})
    assert "gh_" not in page.content.decode()
    assert works(former)


def test_asking_shows_what_stops(operator: Client) -> None:
    key, _ = rows.key()
    rotate(operator, key, "24")
    page = operator.get(reverse("admin:llm_apikey_rotate", args=[key.pk])).content.decode()
    assert "It stops now if you go on" in page
    assert "gh_" not in page.replace("gh_button", "")
