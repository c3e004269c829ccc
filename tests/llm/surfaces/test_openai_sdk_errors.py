"""How an OpenAI application learns what went wrong, whether to try again, and how an answer came about."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from tests.llm.surfaces.house import House
from tests.llm.surfaces.sdk import ASKED, Sdk, sdk_with, text_of


class TestErrors:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("model", "kind", "status", "code"),
        [
            ("status-400", openai.BadRequestError, 400, "provider_refused"),
            ("context-length", openai.BadRequestError, 400, "context_length_exceeded"),
            ("content-filter", openai.BadRequestError, 400, "content_filter"),
            ("status-404", openai.NotFoundError, 404, "provider_model_not_found"),
            ("no-such-model", openai.NotFoundError, 404, "model_not_found"),
            ("status-401-echo-key", openai.InternalServerError, 502, "provider_auth"),
            ("status-429+retry-after-7", openai.RateLimitError, 429, "provider_rate_limited"),
            ("status-500", openai.InternalServerError, 502, "provider_broken"),
            ("status-503", openai.InternalServerError, 503, "provider_overloaded"),
            ("tardy", openai.InternalServerError, 504, "provider_timeout"),
            ("reset-first", openai.InternalServerError, 502, "provider_broken"),
            ("empty-200", openai.InternalServerError, 502, "provider_broken"),
        ],
    )
    def test_each_kind_is_raised_as_its_class(
        self, sdk: Sdk, model: str, kind: type[openai.APIStatusError], status: int, code: str, stream: bool
    ) -> None:
        with pytest.raises(openai.APIStatusError) as caught:
            sdk.chunks(model=model, messages=ASKED) if stream else sdk.create(model=model, messages=ASKED)

        error: Any = caught.value
        assert (type(error), error.status_code, error.code) == (kind, status, code)
        assert error.request_id == error.body["request_id"]
        assert error.request_id.startswith("gen_")
        assert isinstance(error.body["message"], str)
        assert "sk-fake" not in error.response.text

    @pytest.mark.parametrize(
        ("asked", "param"),
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
            ({"messages": ASKED, "temperature": 3}, "temperature"),
            ({"messages": ASKED, "extra_body": {"gatehouse": {"cash": 1}}}, "gatehouse.cash"),
        ],
    )
    def test_a_wrong_field_is_a_bad_request_that_names_it(self, sdk: Sdk, asked: dict[str, Any], param: str) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            sdk.create(model="gpt-4o-mini", **asked)

        assert caught.value.param == param

    def test_a_bad_key(self, house: House, side: str) -> None:
        with pytest.raises(openai.AuthenticationError) as caught:
            sdk_with("disabled", house, side).create(model="gpt-4o-mini", messages=ASKED)

        assert caught.value.code == "invalid_api_key"

    def test_a_key_without_the_scope(self, house: House, side: str) -> None:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            sdk_with("unscoped", house, side).create(model="gpt-4o-mini", messages=ASKED)

        assert caught.value.code == "missing_scope"

    @pytest.mark.parametrize(
        "model", ["two-words+error-frame", "two-words+bad-json", "cut", "reset-mid", "early-end", "halting"]
    )
    def test_a_fault_in_mid_stream_is_raised_after_what_was_said(self, house: House, sdk: Sdk, model: str) -> None:
        got: list[Any] = []
        with pytest.raises(openai.APIError) as caught:
            sdk.chunks(got=got, model=model, messages=ASKED)

        assert text_of(got).startswith("Say")
        error: Any = caught.value
        kind = "provider_timeout" if model == "halting" else "provider_error"
        assert (type(error), error.type) == (openai.APIError, kind)
        row = house.row(error.body["request_id"])
        assert (row["status"], row["error_code"]) == ("incomplete", error.code)
        assert row["completion_tokens"] > 0


class TestRetries:
    """The SDK's own: it does as it is told."""

    @pytest.fixture
    def slept(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        monkeypatch.setattr("openai._base_client.time", SimpleNamespace(time=time.time, sleep=waited.append))
        monkeypatch.setattr("openai._base_client.anyio", SimpleNamespace(sleep=sleep))
        return waited

    def asked(self, house: House, side: str, model: str, key: str = "main") -> openai.APIStatusError:
        with pytest.raises(openai.APIStatusError) as caught:
            sdk_with(key, house, side, max_retries=2).create(model=model, messages=ASKED)
        return caught.value

    def test_it_waits_as_long_as_the_vendor_asked(self, house: House, side: str, slept: list[float]) -> None:
        error = self.asked(house, side, "status-429+retry-after-7")

        assert error.response.headers["retry-after"] == "7"
        assert slept == [7, 7]

    def test_it_waits_until_the_keys_own_limit_has_room(self, house: House, side: str, slept: list[float]) -> None:
        for _ in range(2):
            house.ask("/v1/chat/completions", "gpt-4o-mini", key="limited")
        error: Any = self.asked(house, side, "gpt-4o-mini", key="limited")

        assert (type(error), error.code) == (openai.RateLimitError, "rate_limited")
        limit = error.body["limit"]
        assert (limit["name"], limit["scope"], limit["used"], limit["max"]) == ("requests_per_minute", "key", 2, 2)
        asked = int(error.response.headers["retry-after"])
        assert 0 < error.body["retry_after"] <= asked <= 60
        assert len(slept) == 2
        assert all(asked <= seconds <= asked + 1 for seconds in slept)

    @pytest.mark.parametrize("model", ["status-401-echo-key", "quota"])
    def test_it_does_not_hammer_where_that_is_of_no_use(
        self, house: House, side: str, model: str, slept: list[float]
    ) -> None:
        before = house.vendor.models[model]

        error = self.asked(house, side, model)

        assert error.response.headers["x-should-retry"] == "false"
        assert slept == []
        assert house.vendor.models[model] == before + 1


class TestHeaders:
    def test_an_answer_tells_how_it_came_about(self, sdk: Sdk) -> None:
        answer = sdk.raw(model="gpt-4o-mini", messages=ASKED)

        headers = answer.headers
        assert headers["x-request-id"] == headers["request-id"] == answer.parse().id
        assert headers["x-gatehouse-provider"] == "fake"
        assert headers["x-gatehouse-model"] == "gpt-4o-mini"
        assert headers["x-gatehouse-attempts"] == "1"
        assert headers["x-gatehouse-cache"] == "off"
        assert headers["x-gatehouse-cost"] == "0.00000225"
        assert 0 < float(headers["x-gatehouse-overhead-ms"]) < 1000
        assert "x-gatehouse-warnings" not in headers

    def test_a_stream_tells_what_is_known_when_it_begins(self, house: House, side: str) -> None:
        answer = house.ask("/v1/chat/completions", "gpt-4o-mini", stream=True)

        assert answer.headers["x-gatehouse-attempts"] == "1"
        assert "x-gatehouse-cost" not in answer.headers

    def test_an_unknown_price_is_no_number(self, sdk: Sdk) -> None:
        assert "x-gatehouse-cost" not in sdk.raw(model="unpriced", messages=ASKED).headers

    def test_a_limited_key_is_told_what_is_left(self, house: House, side: str) -> None:
        key = "roomy-sync" if side == "sync" else "roomy-async"
        headers = sdk_with(key, house, side).raw(model="gpt-4o-mini", messages=ASKED).headers

        assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("60", "59")
        assert headers["x-ratelimit-reset-requests"].endswith("s")

    def test_the_answer_knows_its_request_id(self, sdk: Sdk) -> None:
        answer = sdk.create(model="gpt-4o-mini", messages=ASKED)

        assert answer._request_id == answer.id
