"""Vendors' errors in all their shapes become the right kind of ours, told in words and without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects.complaints import parse_error, parse_json
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderContentFilter,
    ProviderContextTooLong,
    ProviderError,
    ProviderModelMissing,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRefused),
        (401, ProviderAuth),
        (402, ProviderAuth),
        (403, ProviderAuth),
        (404, ProviderModelMissing),
        (408, ProviderTimeout),
        (409, ProviderOverloaded),
        (413, ProviderRefused),
        (422, ProviderRefused),
        (429, ProviderRateLimited),
        (500, ProviderBroken),
        (502, ProviderBroken),
        (503, ProviderOverloaded),
        (504, ProviderTimeout),
        (529, ProviderOverloaded),
        (302, ProviderBroken),
        (None, ProviderBroken),
    ],
)
def test_a_status_alone(status: int | None, kind: type[ProviderError]) -> None:
    error = parse_error(status, None, {})

    assert type(error) is kind
    assert error.upstream_status == status
    assert error.message


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "No cats.", "type": "x", "code": None}},
        {"error": "No cats."},
        {"error": {"error": {"message": "No cats."}}},
        {"detail": "No cats."},
        {"detail": [{"loc": ["body"], "msg": "No cats.", "type": "missing"}]},
        {"message": "No cats."},
        {"message": {"detail": "No cats."}},
        {"object": "error", "message": "No cats.", "code": 400},
        [{"error": {"message": "No cats.", "status": "INVALID_ARGUMENT"}}],
        {"success": False, "errors": [{"code": 7003, "message": "No cats."}], "result": None},
        {"error": [{"message": "No cats."}]},
        {"detail": {"error": {"message": "No cats."}}},
        {"code": "Client specified an invalid argument", "error": "No cats."},
        {"status": 400, "title": "Bad Request", "detail": "No cats."},
        {"Message": "No cats."},
        "No cats.",
    ],
)
def test_every_shape_gives_its_message(body: object) -> None:
    error = parse_error(400, body, {})

    assert (type(error), error.message) == (ProviderRefused, "No cats.")


@pytest.mark.parametrize(
    "body", [None, "", "<html><h1>Bad gateway</h1></html>", {}, [], 5, {"error": {}}, {"error": None}]
)
def test_silence_and_pages_are_put_into_words(body: object) -> None:
    assert parse_error(502, body, {}).message == "The provider answered with status 502 and no explanation."


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, ProviderContextTooLong),
        (
            400,
            {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
            ProviderContentFilter,
        ),
        (400, {"code": "DeploymentNotFound"}, ProviderModelMissing),
        (400, {"details": [{"reason": "API_KEY_INVALID"}], "status": "INVALID_ARGUMENT"}, ProviderAuth),
        (413, {"code": "rate_limit_exceeded", "type": "tokens"}, ProviderRateLimited),
        (403, {"code": "content_policy_violation"}, ProviderContentFilter),
        (500, {"code": "context_length_exceeded"}, ProviderBroken),
        (200, {"code": 429}, ProviderRateLimited),
        (None, {"code": "503"}, ProviderOverloaded),
        (None, {"type": "overloaded_error"}, ProviderOverloaded),
        (429, {"type": "engine_overloaded_error"}, ProviderOverloaded),
        (400, {"type": "invalid_model", "code": "1500"}, ProviderModelMissing),
        (400, {"code": "model_not_supported"}, ProviderModelMissing),
        (400, {"error_code": "REQUEST_LIMIT_EXCEEDED"}, ProviderRateLimited),
        (400, {"code": "billing_hard_limit_reached"}, ProviderAuth),
        (400, {"code": "Arrearage"}, ProviderAuth),
        (429, {"type": "exceeded_current_quota_error"}, ProviderRateLimited),
    ],
)
def test_a_code_says_more_than_the_status(status: int | None, error: dict[str, Any], kind: type[ProviderError]) -> None:
    assert type(parse_error(status, {"error": error}, {})) is kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9000.", ProviderContextTooLong),
        ("The prompt is too long: 9000 tokens", ProviderContextTooLong),
        (
            "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
            ProviderContextTooLong,
        ),
        ("Filtered due to our content management policy.", ProviderContentFilter),
        ("API key not valid. Please pass a valid API key.", ProviderAuth),
        ("Incorrect API key provided: xa***45.", ProviderAuth),
        ("Invalid API-key provided.", ProviderAuth),
        ("Your credit balance is too low to access the Anthropic API.", ProviderAuth),
        ("The input token count (1250074) exceeds the maximum number of tokens allowed.", ProviderContextTooLong),
        ("Your request exceeded model token limit: 8192", ProviderContextTooLong),
        ("Range of input length should be [1, 30720]", ProviderContextTooLong),
        ("`inputs` tokens + `max_new_tokens` must be <= 8193.", ProviderContextTooLong),
        ("Please reduce the length of the messages or completion.", ProviderContextTooLong),
        ("temperature: must be at most 2", ProviderRefused),
    ],
)
def test_the_message_is_the_last_resort(message: str, kind: type[ProviderError]) -> None:
    assert type(parse_error(400, {"error": {"message": message, "code": "invalid_request_error"}}, {})) is kind


def test_words_in_a_message_do_not_undo_a_status() -> None:
    assert type(parse_error(429, {"error": {"message": "context window budget used up"}}, {})) is ProviderRateLimited
    assert type(parse_error(500, {"error": {"message": "content policy service down"}}, {})) is ProviderBroken


def test_moderation_is_no_matter_of_credentials() -> None:
    flagged = {"error": {"code": 403, "message": "This model requires moderation. Your input was flagged."}}
    assert type(parse_error(403, flagged, {})) is ProviderContentFilter
    assert type(parse_error(403, {"error": {"message": "Access denied."}}, {})) is ProviderAuth


def test_what_the_vendor_behind_a_vendor_said_is_told() -> None:
    passed_on = {"message": "Provider returned error", "code": 400, "metadata": {"raw": "context length exceeded"}}
    error = parse_error(400, {"error": passed_on}, {})
    assert (type(error), error.message) == (ProviderContextTooLong, "Provider returned error: context length exceeded")


SLOPPY: list[tuple[bytes, object]] = [
    (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
    (b'{"a": "one\ntwo"}', {"a": "one\ntwo"}),
    (b'{"a": "\\ud83d"}', {"a": "?"}),
    (b'{"a": "\xff"}', {"a": "\ufffd"}),
]


@pytest.mark.parametrize(("raw", "value"), SLOPPY)
def test_sloppy_json_is_read(raw: bytes, value: object) -> None:
    assert parse_json(raw) == value


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"a"', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_broken(raw: bytes) -> None:
    with pytest.raises(ProviderBroken):
        parse_json(raw)


def test_waiting_is_told() -> None:
    assert parse_error(429, None, {"retry-after": "7"}).retry_after == 7.0


def test_waiting_may_be_told_inside_the_error() -> None:
    details = [{"@type": "…/QuotaFailure"}, "x", {"@type": "…/RetryInfo", "retryDelay": "34.07s"}]

    assert parse_error(429, {"error": {"code": 429, "details": details}}, {}).retry_after == 34.07
    assert parse_error(429, {"error": {"details": details}}, {"retry-after": "7"}).retry_after == 7.0
    for nonsense in ("soon", "-5s", "1e9s", 5, None, "9" * 40 + "s"):
        assert parse_error(429, {"error": {"details": [{"retryDelay": nonsense}]}}, {}).retry_after is None


def test_an_empty_account_is_not_waited_for() -> None:
    exhausted = parse_error(429, {"error": {"code": "insufficient_quota", "message": "Pay."}}, {})

    assert type(exhausted) is ProviderRateLimited
    assert not exhausted.retryable
    assert parse_error(429, None, {}).retryable


def test_the_vendors_own_word_on_retrying_counts() -> None:
    assert not parse_error(503, None, {"x-should-retry": "false"}).retryable


def test_no_key_is_repeated() -> None:
    body = {
        "error": {
            "message": "Incorrect API key provided: sk-canary-0123456789. Bearer abcdefgh",
            "param": "key gsk_0123456789",
        }
    }
    error = parse_error(401, body, {})

    assert "canary" not in error.message
    assert "abcdefgh" not in error.message
    assert error.param is not None
    assert "0123456789" not in error.param
