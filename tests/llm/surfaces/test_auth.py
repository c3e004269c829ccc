"""Who may come in, over the wire: keys in both headers, scopes, and browsers from other origins."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from llm.vault import new_key
from tests.llm.surfaces.house import NATIVE, OPENAI, House, frames, question
from tests.llm.surfaces.registry import KEYS, ORIGIN, OTHER_ORIGIN

ASKED = question("gpt-4o-mini")
EVERY_PATH = ("POST " + NATIVE, "POST " + OPENAI, "GET /v1/models", "GET /api/v1/usage/", "GET /api/v1/requests/")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def ask(house: House, headers: dict[str, Any], path: str = "POST " + NATIVE) -> httpx2.Response:
    method, _, address = path.partition(" ")
    return house.client.request(
        method, f"{house.url}{address}", headers=headers, json=ASKED if method == "POST" else None
    )


def error(answer: httpx2.Response) -> dict[str, Any]:
    """The error inside, of an answer that also tells its id, everywhere the same."""
    told: dict[str, Any] = answer.json()["error"]
    assert told["request_id"] == answer.headers["x-request-id"] == answer.headers["request-id"]
    return told


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(
    "headers",
    [bearer(KEYS["main"]), {"authorization": f"bearer  {KEYS['main']}"}, {"x-api-key": KEYS["main"]}],
    ids=["authorization", "lower-case scheme", "x-api-key"],
)
def test_a_key_opens_in_either_header(house: House, path: str, headers: dict[str, str]) -> None:
    assert ask(house, headers, path).status_code == 200


def test_the_same_key_in_both_headers_is_one_key(house: House) -> None:
    assert ask(house, bearer(KEYS["main"]) | {"x-api-key": KEYS["main"]}).status_code == 200


@pytest.mark.parametrize("path", EVERY_PATH)
def test_two_different_keys_are_refused_though_both_are_good(house: House, path: str) -> None:
    answer = ask(house, bearer(KEYS["main"]) | {"x-api-key": KEYS["browser"]}, path)

    assert (answer.status_code, error(answer)["code"]) == (400, "ambiguous_credentials")


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer"}, {"authorization": "Basic Z2g6Z2g="}, {"authorization": KEYS["main"]}],
    ids=["none", "bearer of nothing", "another scheme", "no scheme"],
)
def test_without_a_key_nobody_comes_in(house: House, path: str, headers: dict[str, str]) -> None:
    answer = ask(house, headers, path)

    assert (answer.status_code, error(answer)["code"]) == (401, "missing_api_key")
    assert error(answer)["type"] == "authentication_error"


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize("key", [new_key(), KEYS["disabled"], KEYS["expired"]], ids=["unknown", "disabled", "expired"])
def test_a_key_that_is_no_good_is_never_repeated(house: House, path: str, key: str) -> None:
    answer = ask(house, bearer(key), path)

    assert (answer.status_code, error(answer)["code"]) == (401, "invalid_api_key")
    assert key not in answer.text
    assert key[3:] not in house.serving.log.read_text()


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        (bearer("gh_no"), "Authorization"),
        ({"x-api-key": "gh_no"}, "x-api-key"),
        ({"authorization": "Basic Z2g6Z2g=", "x-api-key": "gh_no"}, "x-api-key"),
    ],
)
def test_the_refusal_names_the_header_that_was_looked_at(house: House, headers: dict[str, str], named: str) -> None:
    assert f"the {named} header" in error(ask(house, headers))["message"]


@pytest.mark.parametrize(
    "key",
    [
        "gh_" + "x" * 20_000,
        "gh_\xfc\xdf\xe9",
        "gh_\u4e16\u754c".encode(),
        b"gh_\xff\xfe",
        "gh_ a b",
        "'; DROP TABLE llm_apikey;--",
    ],
    ids=["very long", "latin-1", "utf-8", "no text at all", "spaces", "SQL"],
)
@pytest.mark.parametrize("path", ["POST " + NATIVE, "GET /v1/models"])
def test_a_strange_key_is_merely_unknown(house: House, path: str, key: str | bytes) -> None:
    raw = key if isinstance(key, bytes) else key.encode("latin-1")

    answer = ask(house, {"authorization": b"Bearer " + raw}, path)

    assert (answer.status_code, error(answer)["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", ["POST " + NATIVE, "POST " + OPENAI])
def test_a_key_without_the_scope_is_refused_by_its_name(house: House, path: str) -> None:
    answer = ask(house, bearer(KEYS["unscoped"]), path)

    assert (answer.status_code, error(answer)["code"]) == (403, "missing_scope")
    assert "'generate'" in error(answer)["message"]


def test_a_key_may_use_the_models_of_its_patterns_alone(house: House) -> None:
    refused = house.ask(NATIVE, "reasoning", key="picky")

    assert (
        refused.status_code,
        error(refused)["code"],
        error(refused)["param"],
    ) == (403, "model_not_allowed", "model")
    assert house.ask(NATIVE, "small", key="picky").status_code == 200


def test_the_names_near_a_wrong_one_are_those_this_key_may_use(house: House) -> None:
    hint = error(house.ask(NATIVE, "wordz-20", key="picky"))["hint"]

    assert hint == "Did you mean words-20?"


class TestBrowsers:
    """Pages from other origins, by what the keys name."""

    @pytest.mark.parametrize("path", [NATIVE, OPENAI, "/v1/models", "/api/v1/usage/"])
    def test_a_preflight_needs_no_key_and_grants_what_it_asks_for(self, house: House, path: str) -> None:
        answer = self.preflight(house, path, ORIGIN)

        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-headers"] == "authorization,content-type,x-stainless-os"
        assert answer.headers["vary"] == "Origin"
        assert answer.content == b""

    @pytest.mark.parametrize("path", [NATIVE, OPENAI, "/v1/models", "/api/v1/usage/"])
    def test_a_preflight_from_a_page_that_no_key_names_is_granted_nothing(self, house: House, path: str) -> None:
        answer = self.preflight(house, path, "https://evil.example")

        assert not [name for name in answer.headers if name.startswith("access-control")]

    def preflight(self, house: House, path: str, origin: str) -> httpx2.Response:
        asked = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-stainless-os",
        }
        return house.client.options(f"{house.url}{path}", headers=asked)

    @pytest.mark.parametrize("path", EVERY_PATH)
    def test_an_answer_is_readable_for_the_keys_own_origin(self, house: House, path: str) -> None:
        answer = ask(house, bearer(KEYS["browser"]) | {"origin": ORIGIN}, path)

        assert answer.status_code == 200
        self.assert_readable(answer)

    @pytest.mark.parametrize("path", EVERY_PATH)
    def test_an_answer_is_not_readable_for_another_keys_origin(self, house: House, path: str) -> None:
        answer = ask(house, bearer(KEYS["browser"]) | {"origin": OTHER_ORIGIN}, path)

        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"

    @pytest.mark.parametrize("path", EVERY_PATH)
    def test_a_refusal_is_readable_too(self, house: House, path: str) -> None:
        answer = ask(house, bearer("gh_no") | {"origin": ORIGIN}, path)

        assert answer.status_code == 401
        self.assert_readable(answer)

    @pytest.mark.parametrize("model", ["status-400", "no such model"])
    @pytest.mark.parametrize("stream", [False, True])
    def test_an_error_is_readable_too(self, house: House, model: str, stream: bool) -> None:
        asked = question(model, stream=stream)

        answer = house.post(OPENAI, asked, key="browser", headers={"origin": ORIGIN})

        assert answer.status_code in (400, 404)
        self.assert_readable(answer)

    def test_a_stream_is_readable_too(self, house: House) -> None:
        asked = question("gpt-4o-mini", stream=True)

        answer = house.post(OPENAI, asked, key="browser", headers={"origin": ORIGIN})

        assert frames(answer.text)[-1] == ("", "[DONE]")
        self.assert_readable(answer)

    def test_a_wrong_address_is_readable_too(self, house: House) -> None:
        answer = ask(house, bearer(KEYS["browser"]) | {"origin": ORIGIN}, "GET /v1/nothing")

        assert (answer.status_code, error(answer)["code"]) == (404, "not_found")
        self.assert_readable(answer)

    def test_without_an_origin_nothing_is_said_of_origins(self, house: House) -> None:
        answer = ask(house, bearer(KEYS["browser"]))

        assert not [name for name in answer.headers if name.startswith("access-control")]

    def assert_readable(self, answer: httpx2.Response) -> None:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {name for name in answer.headers if name.startswith("x-gatehouse")} <= set(exposed)
        assert {"x-request-id", "request-id", "retry-after", "x-should-retry"} <= set(exposed)
