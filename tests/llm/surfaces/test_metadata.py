"""How an answer came about: every try, every warning, what it cost and whether it was known already."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.surfaces.house import NATIVE, OPENAI, House, frames, question


def answer_of(house: House, stream: bool, model: str, **more: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The whole native answer, and the headers it came with."""
    answer = house.ask(NATIVE, model, stream=stream, **more)
    assert answer.status_code == 200, answer.text
    whole = frames(answer.text)[-1][1] if stream else answer.json()
    return whole, dict(answer.headers)


def tries(whole: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(one["upstream_model"], one["outcome"], one["error"]) for one in whole["metadata"]["attempts"]]


streamed_or_not = pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])


class TestRetries:
    @streamed_or_not
    def test_each_try_is_told(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "again")

        flaky = "flaky-2-status-500"
        assert tries(whole) == [
            (flaky, "error", "provider_broken"),
            (flaky, "error", "provider_broken"),
            (flaky, "ok", None),
        ]
        assert (whole["metadata"]["retries"], whole["metadata"]["fallback_used"]) == (2, False)
        assert (headers["x-gatehouse-attempts"], headers["x-gatehouse-provider"]) == ("3", "stubborn")
        assert house.vendor.ids.count(whole["id"]) == 3

    @streamed_or_not
    def test_they_come_to_an_end(self, house: House, stream: bool) -> None:
        answer = house.ask(NATIVE, "again-and-again", stream=stream)

        name = answer.headers["x-request-id"]
        assert (answer.status_code, answer.headers["x-gatehouse-attempts"]) == (502, "3")
        assert house.vendor.ids.count(name) == 3
        row = house.row(name)
        assert (row["status"], row["retries"], len(row["attempts"])) == ("error", 2, 3)
        assert {attempt["status"] for attempt in row["attempts"]} == {500}

    @streamed_or_not
    def test_a_vendor_is_given_the_time_it_asks_for(self, house: House, stream: bool) -> None:
        whole, _ = answer_of(house, stream, "later")

        assert [outcome for _, outcome, _ in tries(whole)] == ["error", "ok"]
        assert whole["latency_ms"] >= 50

    @streamed_or_not
    @pytest.mark.parametrize("model", ["refused", "locked"])
    def test_what_cannot_help_is_not_tried_again(self, house: House, stream: bool, model: str) -> None:
        before = house.vendor.served
        house.ask(NATIVE, model, stream=stream, fallbacks=[])

        assert house.vendor.served == before + 1


class TestFallbacks:
    @streamed_or_not
    def test_the_models_own_is_asked_by_its_own_name(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "falls-back")

        assert tries(whole) == [("status-500", "error", "provider_broken"), ("words-20", "ok", None)]
        assert whole["metadata"]["fallback_used"] is True
        assert whole["metadata"]["retries"] == 0
        assert (whole["model"], whole["upstream_model"]) == ("words-20", "words-20")
        assert (headers["x-gatehouse-model"], headers["x-gatehouse-attempts"]) == ("words-20", "2")

    @streamed_or_not
    def test_another_provider_of_the_same_model_comes_first(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "two-doors")

        assert [one["provider"] for one in whole["metadata"]["attempts"]] == ["fake", "spare"]
        assert (whole["model"], whole["provider"]) == ("two-doors", "spare")
        assert headers["x-gatehouse-provider"] == "spare"

    @streamed_or_not
    def test_those_of_the_request_replace_it(self, house: House, stream: bool) -> None:
        whole, _ = answer_of(house, stream, "falls-back", fallbacks=["status-404", "gpt-4o-mini"])

        assert [model for model, _, _ in tries(whole)] == ["status-500", "status-404", "gpt-4o-mini"]

    @pytest.mark.parametrize("more", [{"fallbacks": []}, {"provider": "fake"}], ids=["none wanted", "pinned"])
    @streamed_or_not
    def test_none_is_asked_that_is_not_wanted(self, house: House, stream: bool, more: dict[str, Any]) -> None:
        answer = house.ask(NATIVE, "falls-back", stream=stream, **more)

        assert (answer.status_code, answer.headers["x-gatehouse-attempts"]) == (502, "1")

    def test_one_that_has_no_way_to_the_vendor_is_passed_by(self, house: House) -> None:
        whole, _ = answer_of(house, False, "gone")

        assert tries(whole) == [("gpt-4o-mini", "error", "provider_unreachable"), ("words-20", "ok", None)]

    def test_a_vendor_that_refuses_our_key_is_passed_by(self, house: House) -> None:
        whole, _ = answer_of(house, False, "locked")

        assert tries(whole) == [("status-401", "error", "provider_auth"), ("words-20", "ok", None)]

    def test_what_one_vendor_calls_bad_no_other_is_asked(self, house: House) -> None:
        answer = house.ask(NATIVE, "refused")

        assert (answer.status_code, answer.headers["x-gatehouse-attempts"]) == (400, "1")

    def test_the_last_error_is_told_where_all_fail(self, house: House) -> None:
        answer = house.ask(NATIVE, "falls-nowhere")

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "provider_refused")
        assert len(house.row(answer.headers["x-request-id"])["attempts"]) == 2


class TestWarnings:
    @streamed_or_not
    def test_what_was_dropped_is_said(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "gpt-4o-mini", options={"top_k": 3})

        assert whole["metadata"]["warnings"] == ["top_k was dropped: fake does not take it"]
        assert headers["x-gatehouse-warnings"] == "top_k was dropped: fake does not take it"
        assert house.row(whole["id"])["warnings"] == whole["metadata"]["warnings"]

    def test_it_is_said_once_however_often_it_was_tried(self, house: House) -> None:
        whole, _ = answer_of(house, False, "again", options={"top_k": 3})

        assert whole["metadata"]["warnings"] == ["top_k was dropped: stubborn does not take it"]


class TestCost:
    @streamed_or_not
    def test_it_is_a_decimal_of_dollars(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "gpt-4o-mini")

        assert (Decimal(whole["cost"]), whole["currency"]) == (Decimal("0.00000225"), "USD")
        assert headers.get("x-gatehouse-cost") == (None if stream else whole["cost"])
        assert house.row(whole["id"])["cost"] == 2_250_000

    @streamed_or_not
    def test_cached_tokens_have_their_own_price(self, house: House, stream: bool) -> None:
        whole, _ = answer_of(house, stream, "cached")

        assert (whole["usage"]["prompt_tokens"], whole["usage"]["cached_tokens"]) == (3, 1)
        assert Decimal(whole["cost"]) == (2 * Decimal("0.15") + Decimal("0.075") + 3 * Decimal("0.60")) / 10**6

    @streamed_or_not
    def test_an_unknown_one_is_null(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "unpriced")

        assert whole["cost"] is None
        assert "x-gatehouse-cost" not in headers
        assert house.row(whole["id"])["cost"] is None


class TestOverhead:
    @streamed_or_not
    def test_the_time_of_the_vendor_is_not_ours(self, house: House, stream: bool) -> None:
        whole, headers = answer_of(house, stream, "slow-first-200ms")

        assert float(headers["x-gatehouse-overhead-ms"]) <= whole["latency_ms"] - 198


class TestCache:
    @pytest.mark.parametrize("path", [NATIVE, OPENAI])
    @streamed_or_not
    def test_what_is_known_costs_nothing_and_is_said_alike(self, house: House, path: str, stream: bool) -> None:
        ours = {"cache": {"mode": "on"}}
        body = question("reasoning", f"Again, {uuid4()}", **(ours if path == NATIVE else {"gatehouse": ours}))
        first = house.post(path, body | {"stream": stream})
        second = house.post(path, body | {"stream": stream})
        third = house.post(path, body | {"stream": not stream})

        found = [answer.headers["x-gatehouse-cache"] for answer in (first, second, third)]
        assert found == ["miss", "hit", "hit"]
        assert len({answer.headers["x-request-id"] for answer in (first, second, third)}) == 3
        paid, saved = house.row(first.headers["x-request-id"]), house.row(second.headers["x-request-id"])
        assert (saved["cost"], saved["saved"], saved["attempts"]) == (0, paid["cost"], [])
        assert saved["total_tokens"] == paid["total_tokens"]
        assert house.vendor.ids.count(second.headers["x-request-id"]) == 0
