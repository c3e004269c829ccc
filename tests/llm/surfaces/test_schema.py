"""The schema and its pages: for any key and for any session, and all of it from here."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.llm.surfaces.house import House
from tests.llm.surfaces.registry import KEYS

LOADED = re.compile(r"""(?:src|href)=["']([^"']+)""")
SCHEMA, DOCS = "/api/schema/", "/api/docs/"


def get(house: House, address: str, key: str = "main", **headers: str) -> httpx2.Response:
    return house.client.get(f"{house.url}{address}", headers={"x-api-key": KEYS[key], **headers})


@pytest.mark.parametrize("key", ["main", "unscoped", "picky"])
@pytest.mark.parametrize("address", [SCHEMA, DOCS])
def test_any_key_opens_them(house: House, address: str, key: str) -> None:
    assert get(house, address, key).status_code == 200


@pytest.mark.parametrize("key", ["disabled", "expired"])
@pytest.mark.parametrize("address", [SCHEMA, DOCS, f"{DOCS}?script="])
def test_a_key_that_is_none_any_more_opens_nothing(house: House, address: str, key: str) -> None:
    assert get(house, address, key).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("address", [SCHEMA, DOCS])
def test_any_session_opens_them(client: Client, address: str) -> None:
    """One of somebody without any right, even."""
    client.force_login(User.objects.create_user("eve"))

    assert client.get(address).status_code == 200


@pytest.mark.parametrize(("accept", "begins"), [("application/json", "{"), ("*/*", "openapi: 3.1.0")])
def test_the_schema_is_yaml_unless_json_is_asked_for(house: House, accept: str, begins: str) -> None:
    assert get(house, SCHEMA, accept=accept).text.startswith(begins)


def test_the_pages_load_nothing_from_elsewhere(house: House) -> None:
    page = get(house, DOCS)
    loaded = LOADED.findall(page.text)

    assert len(loaded) >= 5
    for address in loaded:
        assert re.match(r"/(?!/)", address)
        assert get(house, address.replace("&amp;", "&")).status_code == 200
    assert "<script>" not in page.text


def test_no_script_but_ours_may_run_on_the_pages(house: House) -> None:
    policy: dict[str, Any] = dict(
        part.strip().partition(" ")[::2] for part in get(house, DOCS).headers["content-security-policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
