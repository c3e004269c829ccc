"""Every page of the stock side tells browsers what may run on it."""

from __future__ import annotations

import pytest
from django.test import Client

from config.policy import HEADER, POLICY

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/llm/provider/"])
def test_pages_of_the_admin_run_nothing_inline(admin_client: Client, path: str) -> None:
    said = admin_client.get(path, follow=True)[HEADER]

    assert said == POLICY
    assert "script-src 'self' 'unsafe-eval';" in said


def test_a_stricter_page_keeps_its_own(admin_client: Client) -> None:
    assert admin_client.get("/api/docs/")[HEADER] != POLICY
