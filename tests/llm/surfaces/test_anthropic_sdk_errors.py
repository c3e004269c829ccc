"""How an Anthropic application learns what went wrong, whether to try again, and how an answer came about."""

from __future__ import annotations

import json
import re
import time
from types import SimpleNamespace
from typing import Any

import anthropic
import pytest

from tests.llm.surfaces.claude import ASKED, Claude, claude_with, text_of
from tests.llm.surfaces.hostile import BODIES, Case
from tests.llm.surfaces.house import ANTHROPIC, House


@pytest.fixture
def claude(house: House, side: str) -> Claude:
    return claude_with("main", house, side)


class TestErrors:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("model", "kind", "status", "word"),
        [
            ("native-status-400", anthropic.BadRequestError, 400, "invalid_request_error"),
            ("context-length", anthropic.BadRequestError, 400, "invalid_request_error"),
            ("no-such-model", anthropic.NotFoundError, 404, "not_found_error"),
            ("native-status-401", anthropic.InternalServerError, 502, "api_error"),
            ("native-status-429+retry-after-7", anthropic.RateLimitError, 429, "rate_limit_error"),
            ("native-status-500", anthropic.InternalServerError, 502, "api_error"),
            ("native-status-529", anthropic._exceptions.OverloadedError, 529, "overloaded_error"),
            ("native-overloaded-frame", anthropic._exceptions.OverloadedError, 529, "overloaded_error"),
            ("status-503", anthropic._exceptions.OverloadedError, 529, "overloaded_error"),
            ("tardy", anthropic._exceptions.GatewayTimeoutError, 504, "timeout_error"),
        ],
    )
    def test_each_kind_is_raised_as_its_class(
        self, claude: Claude, model: str, kind: type[anthropic.APIStatusError], status: int, word: str, stream: bool
    ) -> None:
        with pytest.raises(anthropic.APIStatusError) as caught:
            (claude.events if stream else claude.create)(model=model, messages=ASKED)

        error: Any = caught.value
        assert (type(error), error.status_code, error.type) == (kind, status, word)
        assert error.body["type"] == "error"
        assert error.request_id == error.body["request_id"] == error.body["error"]["request_id"]
        assert error.request_id.startswith("gen_")
        assert error.api_message

    @pytest.mark.parametrize(
        ("asked", "param"),
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
            ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
            ({"messages": ASKED, "extra_body": {"temperature": 2}}, "temperature"),
            ({"messages": ASKED, "extra_body": {"max_tokens": None}}, "max_tokens"),
            ({"messages": ASKED, "extra_body": {"gatehouse": {"cash": 1}}}, "gatehouse.cash"),
            ({"messages": ASKED, "extra_body": {"gatehouse": {"prompt": {"name": "p"}}}}, "gatehouse.prompt.name"),
            (
                {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}]},
                "messages[0].content[0].tool_use_id",
            ),
        ],
    )
    def test_a_wrong_field_is_named(self, claude: Claude, asked: dict[str, Any], param: str) -> None:
        with pytest.raises(anthropic.APIStatusError) as caught:
            claude.create(model="gpt-4o-mini", **asked)

        error: Any = caught.value
        assert error.status_code == (404 if "prompt" in param else 400)
        assert error.body["error"]["param"] == param

    def test_a_bad_key_and_one_without_the_scope(self, house: House, side: str) -> None:
        with pytest.raises(anthropic.AuthenticationError) as unknown:
            claude_with("disabled", house, side).create(model="claude", messages=ASKED)
        with pytest.raises(anthropic.PermissionDeniedError) as unscoped:
            claude_with("unscoped", house, side).count(model="claude", messages=ASKED)

        assert (unknown.value.type, unscoped.value.type) == ("authentication_error", "permission_error")

    @pytest.mark.parametrize("model", ["native-error-frame+after-2+gap-50ms", "native-cut", "cut", "halting"])
    def test_a_fault_in_mid_stream_is_raised_after_what_was_said(
        self, house: House, claude: Claude, model: str
    ) -> None:
        got: list[Any] = []
        with pytest.raises(anthropic.APIStatusError) as caught:
            claude.events(got=got, model=model, messages=ASKED)

        assert text_of(got).startswith("Say")
        error: Any = caught.value
        assert error.type == ("timeout_error" if model == "halting" else "api_error")
        row = house.row(error.body["request_id"])
        assert (row["status"], row["error_code"]) == ("incomplete", error.body["error"]["code"])
        assert row["completion_tokens"] > 0

    def test_what_broke_off_is_counted_as_far_as_it_came(self, house: House, claude: Claude) -> None:
        """The prompt by the vendor, the answer by us."""
        with pytest.raises(anthropic.APIStatusError) as caught:
            claude.events(model="native-error-frame+after-2+gap-50ms", messages=ASKED)

        error: Any = caught.value
        row = house.row(error.body["request_id"])
        assert (row["prompt_tokens"], row["completion_tokens"], bool(row["usage_estimated"])) == (3, 2, True)

    def test_before_the_first_word_another_model_may_answer(self, claude: Claude) -> None:
        assert text_of(claude.events(model="claude-falls-back", messages=ASKED)).startswith("word1")


class TestRetries:
    """The SDK's own: it does as it is told."""

    @pytest.fixture
    def slept(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        monkeypatch.setattr(
            "anthropic._base_client.time", SimpleNamespace(time=time.time, time_ns=time.time_ns, sleep=waited.append)
        )
        monkeypatch.setattr("anthropic._base_client.anyio", SimpleNamespace(sleep=sleep))
        return waited

    @pytest.mark.parametrize(("model", "waits"), [("native-status-429+retry-after-7", [7, 7]), ("quota", [])])
    def test_it_waits_as_it_is_told_and_not_in_vain(
        self, house: House, side: str, slept: list[float], model: str, waits: list[float]
    ) -> None:
        with pytest.raises(anthropic.RateLimitError):
            claude_with("main", house, side, max_retries=2).create(model=model, messages=ASKED)

        assert slept == waits


class TestHeaders:
    def test_an_answer_tells_how_it_came_about(self, claude: Claude) -> None:
        answer = claude.raw(model="claude", messages=ASKED)

        headers = answer.headers
        assert headers["request-id"] == headers["x-request-id"] == json.loads(answer.http_response.content)["id"]
        assert (headers["x-gatehouse-provider"], headers["x-gatehouse-model"]) == ("claude", "claude")
        assert headers["x-gatehouse-cost"] == "0.00000225"

    def test_a_limited_key_is_told_when_there_is_room_again(self, house: House, side: str) -> None:
        key = "airy-sync" if side == "sync" else "airy-async"
        headers = claude_with(key, house, side).raw(model="gpt-4o-mini", messages=ASKED).headers

        limits = {name: headers[f"anthropic-ratelimit-requests-{name}"] for name in ("limit", "remaining", "reset")}
        assert (limits["limit"], limits["remaining"]) == ("60", "59")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", limits["reset"])


class TestRoughClients:
    @pytest.mark.parametrize("case", BODIES, ids=lambda case: case.name)
    @pytest.mark.parametrize("path", [ANTHROPIC, f"{ANTHROPIC}/count_tokens"])
    def test_what_is_no_request_is_refused_in_the_envelope(self, house: House, path: str, case: Case) -> None:
        answer = house.post(path, content=case.body)

        told = answer.json()
        assert answer.status_code == 400
        assert (told["type"], told["error"]["type"]) == ("error", "invalid_request_error")
        assert (told["error"]["code"], told["error"]["param"]) == (case.code, case.param)

    @pytest.mark.parametrize(
        ("path", "method", "status", "word"),
        [
            (ANTHROPIC, "GET", 405, "invalid_request_error"),
            (ANTHROPIC, "DELETE", 405, "invalid_request_error"),
            (f"{ANTHROPIC}/batches", "POST", 404, "not_found_error"),
            (f"{ANTHROPIC}/", "POST", 404, "not_found_error"),
        ],
    )
    def test_strays_are_told_so_in_the_envelope(
        self, house: House, path: str, method: str, status: int, word: str
    ) -> None:
        answer = house.client.request(method, f"{house.url}{path}")

        assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", word)

    def test_a_header_that_no_header_may_hold_is_refused(self, house: House) -> None:
        body = {"model": "claude", "max_tokens": 5, "messages": ASKED}

        answer = house.post(ANTHROPIC, body, headers={"anthropic-beta": "grüße".encode("latin-1")})  # type: ignore[dict-item]  # as bytes it goes over the wire as it is

        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "anthropic-beta")

    def test_an_unknown_model_in_a_listing_is_told_in_the_dialect_that_asks(self, house: House) -> None:
        with pytest.raises(anthropic.NotFoundError) as caught:
            claude_with("main", house, "sync").model("nobody")

        assert caught.value.type == "not_found_error"
