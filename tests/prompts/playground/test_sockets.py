"""The page's token at the socket: it opens from the page that asked for it, and from nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from llm.vault import new_key
from tests.prompts.furnished import EDITOR, visiting
from tests.serving import Serving


@pytest.fixture(scope="module")
def token(served: Serving) -> Iterator[str]:
    with visiting(served, EDITOR) as client:
        (acme,) = [row["id"] for row in served.rows("llm_organisation") if row["name"] == "acme"]
        yield client.post("/playground/token/", json={"organisation": acme}, headers={"origin": served.url}).json()[
            "token"
        ]


def greeted(served: Serving, token: str, origin: str | None) -> str:
    """What the socket says first to the token, from a page of `origin`."""
    headers = {"Origin": origin} if origin else {}
    with connect(f"ws{served.url[4:]}/ws/v1/generate/", additional_headers=headers) as socket:
        socket.send(json.dumps({"type": "authenticate", "key": token}))
        said = json.loads(socket.recv(timeout=10))
        return str(said["error"]["code"] if said["type"] == "error" else said["type"])


def test_the_page_that_asked_may_use_it(served: Serving, token: str) -> None:
    assert greeted(served, token, served.url) == "ready"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_a_page_from_elsewhere_is_refused_at_the_door(served: Serving, token: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        greeted(served, token, origin)

    assert refused.value.response.status_code == 403


def test_a_page_that_another_key_names_may_not_use_it(served: Serving, token: str) -> None:
    shop = {"name": "shop", "organisation": "acme", "key": new_key(), "origins": ["https://shop.example"]}
    served.apply({"keys": [shop]})

    assert greeted(served, token, "https://shop.example") == "origin_not_allowed"
