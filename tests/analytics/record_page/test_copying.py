"""The button of a record's page, in a browser: what it copies is the line that asks again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser

from llm.vault import new_key
from tests.browser import opened, sign_in_as_superuser
from tests.serving import Serving, serving

KEY = new_key()
ASKED = {"model": "nowhere", "messages": [{"role": "user", "content": 'It\'s "here" & $HOME'}]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served")) as installed:
        keys = [{"name": "tests", "organisation": "acme", "key": KEY}]
        installed.apply({"organisations": [{"name": "acme"}], "keys": keys})
        installed.start()
        yield installed


def test_a_line_is_copied_that_asks_the_same_again(browser: Browser, served: Serving) -> None:
    with httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}) as client:
        first = client.post("/api/v1/generate/", json=ASKED)
        with opened(browser, served.url) as (page, watch):
            page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            sign_in_as_superuser(page, served)
            page.goto(f"/admin/analytics/requestlog/{first.headers['x-request-id']}/change/")
            page.click("text=Copy as curl")
            page.wait_for_selector("text=Copied.")
            _, url, *_, body = shlex.split(page.evaluate("navigator.clipboard.readText()"))
        again = client.post(url, json=json.loads(body))

    assert watch.is_quiet
    assert (again.status_code, again.json()["error"]["code"]) == (404, first.json()["error"]["code"])
    assert json.loads(body) == ASKED
