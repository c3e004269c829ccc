"""Client tokens over the wire: made by a key, good wherever a key is, and gone with it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from llm.vault import new_key
from tests.llm.surfaces.house import NATIVE, OPENAI, House, question
from tests.llm.surfaces.registry import KEYS, ORIGIN, OTHER_ORIGIN
from tests.services import wait_until

TOKENS = "/api/v1/client-tokens/"
EVERYWHERE = ("POST " + NATIVE, "POST " + OPENAI, "GET /v1/models", "GET /api/v1/usage/", "GET /api/v1/requests/")


def mint(house: House, key: str = "main", **asked: Any) -> dict[str, Any]:
    answer = house.post(TOKENS, {"user_id": "u-1", **asked}, key=key)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ask(house: House, token: str, path: str = "POST " + NATIVE, **headers: str) -> httpx2.Response:
    method, _, address = path.partition(" ")
    asked = question("gpt-4o-mini", metadata={"user_id": "u-2"}) if NATIVE in path else question("gpt-4o-mini")
    return house.client.request(
        method,
        f"{house.url}{address}",
        headers={"authorization": f"Bearer {token}", **headers},
        json=asked if method == "POST" else None,
    )


def refusal(answer: httpx2.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"]


def own_key(house: House, name: str, secret: str, **fields: Any) -> None:
    """A key of a test's own, or a change of it."""
    house.serving.apply({"keys": [{"name": name, "organisation": "acme", "key": secret, **fields}]})


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_token_goes_wherever_a_key_goes(house: House, path: str) -> None:
    token = mint(house)["token"]

    assert ask(house, token, path).status_code == 200
    method, _, address = path.partition(" ")
    body = question("gpt-4o-mini") if method == "POST" else None
    other = house.client.request(method, f"{house.url}{address}", headers={"x-api-key": token}, json=body)
    assert other.status_code == 200


def test_code_of_the_project_may_use_one_too(house: House) -> None:
    (told,) = house.python([("generate", question("gpt-4o-mini"))], key=mint(house, user_id="u-py")["token"])

    assert house.row(told[0]["id"])["user_id"] == "u-py"


def test_it_tells_what_it_gives_and_is_never_kept(house: House) -> None:
    answer = house.post(TOKENS, {"user_id": "u-1", "expires_in": 60}, key="browser")

    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert told | {"token": "", "expires_at": ""} == {
        "token": "",
        "expires_at": "",
        "user_id": "u-1",
        "scopes": ["batches", "generate", "prompts.read", "requests", "usage"],
        "models": ["*"],
        "origins": [ORIGIN],
    }


def test_the_row_has_the_key_and_the_tokens_user_whatever_the_request_says(house: House) -> None:
    answer = ask(house, mint(house, user_id="u-token")["token"])

    row = house.row(answer.headers["x-request-id"])
    assert (row["user_id"], row["team"]) == ("u-token", "web")
    assert row["key_id"] == house.row(house.ask(NATIVE, "gpt-4o-mini").headers["x-request-id"])["key_id"]


def test_a_user_sees_the_records_of_that_user_alone(house: House) -> None:
    mine, other = f"u-{uuid4()}", f"u-{uuid4()}"
    token = mint(house, user_id=mine)["token"]
    seen = ask(house, token).headers["x-request-id"]
    hidden = ask(house, mint(house, user_id=other)["token"]).headers["x-request-id"]

    listed = ask(house, token, "GET /api/v1/requests/").json()["results"]

    assert [one["id"] for one in listed] == [seen]
    assert ask(house, token, f"GET /api/v1/requests/{hidden}/").status_code == 404


def test_a_token_makes_no_tokens(house: House) -> None:
    answer = house.client.post(
        f"{house.url}{TOKENS}", headers={"x-api-key": mint(house)["token"]}, json={"user_id": "u-2"}
    )

    assert refusal(answer) == (403, "permission_denied", None)


@pytest.mark.parametrize(
    ("field", "asked", "named"),
    [
        ("scopes", ["generate", "organisation"], "organisation"),
        ("models", ["gpt-4o-mini", "reasoning"], "reasoning"),
        ("models", ["*"], "*"),
        ("origins", [OTHER_ORIGIN], OTHER_ORIGIN),
    ],
)
def test_more_than_the_key_has_is_refused_by_name(house: House, field: str, asked: list[str], named: str) -> None:
    answer = house.post(TOKENS, {"user_id": "u-1", field: asked}, key="picky")

    assert refusal(answer) == (403, "beyond_the_key", field)
    assert answer.json()["error"]["message"].endswith(f": {named}.")


def test_less_is_less(house: House) -> None:
    token = mint(house, "browser", scopes=["generate"], models=["gpt-4o-mini"], origins=[])["token"]

    assert ask(house, token).status_code == 200
    assert refusal(ask(house, token, "GET /api/v1/usage/"))[:2] == (403, "missing_scope")
    asked = house.client.post(f"{house.url}{NATIVE}", headers={"x-api-key": token}, json=question("words-20"))
    assert refusal(asked) == (403, "model_not_allowed", "model")
    assert "access-control-allow-origin" not in ask(house, token, origin=ORIGIN).headers
    readable = ask(house, mint(house, "browser")["token"], origin=ORIGIN)
    assert readable.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "user_id", "invalid_field"),
        ({"user_id": ""}, "user_id", "invalid_field"),
        ({"user_id": 1}, "user_id", "invalid_field"),
        ({"user_id": "u" * 257}, "user_id", "invalid_field"),
        ({"user_id": "u", "expires_in": 901}, "expires_in", "invalid_field"),
        ({"user_id": "u", "expires_in": 0}, "expires_in", "invalid_field"),
        ({"user_id": "u", "scopes": "generate"}, "scopes", "invalid_field"),
        ({"user_id": "u", "scopes": ["generate", "all"]}, "scopes[1]", "invalid_field"),
        ({"user_id": "u", "models": [1]}, "models[0]", "invalid_field"),
        ({"user_id": "u", "models": ["m"] * 17}, "models", "invalid_field"),
        ({"user_id": "u", "budget": 1}, "budget", "unknown_field"),
    ],
)
def test_a_bad_field_is_refused_by_its_path(house: House, body: Any, param: str, code: str) -> None:
    assert refusal(house.post(TOKENS, body)) == (422, code, param)


@pytest.mark.parametrize(("raw", "status"), [(b"", 400), (b"[]", 400), (b"{", 400), (b" " * (32 * 2**20 + 1), 413)])
def test_a_bad_body_is_refused(house: House, raw: bytes, status: int) -> None:
    assert house.post(TOKENS, content=raw).status_code == status


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("token", ["ght_", "ght_" + "x" * 300, "ght_" + "x" * 20_000, "ght_é"])
def test_a_made_up_token_is_refused_with_a_code_of_its_own(house: House, path: str, token: str) -> None:
    method, _, address = path.partition(" ")
    answer = house.client.request(
        method,
        f"{house.url}{address}",
        headers={b"authorization": f"Bearer {token}".encode("latin-1")},
        json={} if method == "POST" else None,
    )

    assert refusal(answer) == (401, "invalid_client_token", None)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_ends(house: House) -> None:
    token = mint(house, expires_in=1)["token"]

    assert wait_until(lambda: ask(house, token, "GET /v1/models").status_code == 401)

    assert refusal(ask(house, token))[:2] == (401, "expired_client_token")


def test_a_key_limits_all_its_tokens_together(house: House) -> None:
    secret = new_key()
    own_key(house, "sharing", secret, requests_per_minute=2)
    made = [
        house.client.post(f"{house.url}{TOKENS}", headers={"x-api-key": secret}, json={"user_id": f"u-{at}"}).json()
        for at in range(3)
    ]

    answers = [ask(house, one["token"]).status_code for one in made]

    assert answers == [200, 200, 429]


def test_what_happens_to_the_key_happens_to_its_tokens_within_seconds(house: House) -> None:
    secret = new_key()
    own_key(house, "changing", secret)
    made = house.client.post(f"{house.url}{TOKENS}", headers={"x-api-key": secret}, json={"user_id": "u-1"}).json()
    token = made["token"]
    assert ask(house, token).status_code == 200

    own_key(house, "changing", secret, models=["words-*"])
    assert wait_until(lambda: ask(house, token).status_code == 403)

    own_key(house, "changing", secret, disabled=True)
    assert wait_until(lambda: ask(house, token).status_code == 401)
    assert refusal(ask(house, token))[1] == "invalid_client_token"


def test_no_token_is_ever_in_the_log(house: House) -> None:
    token = mint(house)["token"]
    ask(house, token)

    assert token[4:40] not in house.serving.log.read_text()
    assert KEYS["main"] not in house.serving.log.read_text()
