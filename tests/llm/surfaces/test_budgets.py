"""A budget over every way in: what fits is answered, what does not is refused with the figures and the reset."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import openai
import pytest

from llm import periods
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, question
from tests.llm.surfaces.sdk import ASKED, sdk_with
from tests.llm.surfaces.talk import talking
from tests.services import wait_until

FIFTY: dict[str, Any] = {"max_tokens": 50}


def this_month() -> periods.Window:
    return periods.window("month", datetime.now(UTC), "UTC")


def resets_at() -> str:
    ends_at = this_month().ends_at
    assert ends_at is not None
    return ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def spent(house: House, key: str) -> tuple[list[Decimal], int]:
    """In each window of the key's budgets, and how much is set aside in all of them."""
    budgets = {row["id"] for row in house.serving.rows("llm_budget") if row["key_id"] == house.key_id(key)}
    windows = [row for row in house.serving.rows("llm_budgetwindow") if row["budget_id"] in budgets]
    return [Decimal(row["spent"]) / 10**12 for row in windows], sum(row["reserved"] for row in windows)


def assert_refused(house: House, key: str, answer: httpx2.Response, error: dict[str, Any]) -> None:
    assert answer.status_code == 429
    assert error["code"] == "insufficient_quota"
    assert error["limit"] == {
        "name": "budget_month",
        "scope": "key",
        "used": "0.05",
        "max": "0.05",
        "resets_at": resets_at(),
    }
    assert error["hint"] == f"The budget {periods.resets(this_month().ends_at, 'UTC')}."
    assert answer.headers["x-should-retry"] == "false"
    assert int(answer.headers["retry-after"]) >= error["retry_after"] > 0
    assert answer.headers["x-gatehouse-budget-remaining"] == "0"
    assert spent(house, key) == ([Decimal("0.05")], 0)


def test_natively(house: House) -> None:
    asked = question("nickel", options=FIFTY)
    paid = house.post(NATIVE, asked, key="purse-native")
    assert paid.json()["cost"] == "0.05"
    assert paid.headers["x-gatehouse-budget-limit"] == "0.05"
    assert paid.headers["x-gatehouse-budget-remaining"] == "0"
    assert paid.headers["x-gatehouse-budget-reset"] == resets_at()
    refused = house.post(NATIVE, asked, key="purse-native")
    assert_refused(house, "purse-native", refused, refused.json()["error"])
    row = house.row(refused.headers["x-request-id"])
    assert (row["status"], row["cost"], row["limit_name"], row["limit_scope"]) == ("refused", 0, "budget_month", "key")


@pytest.mark.parametrize("side", ["sync", "async"])
def test_with_the_openai_sdk_which_does_not_ask_again(house: House, side: str) -> None:
    key = f"purse-openai-{side}"
    sdk = sdk_with(key, house, side, max_retries=2)
    assert sdk.create(model="nickel", messages=ASKED, max_tokens=50).usage.completion_tokens == 50
    with pytest.raises(openai.RateLimitError) as refused:
        sdk.create(model="nickel", messages=ASKED, max_tokens=50)
    assert (refused.value.code, refused.value.type) == ("insufficient_quota", "insufficient_quota")
    key_id = house.key_id(key)
    assert sum(row["requests"] for row in house.serving.rows() if row["key_id"] == key_id) == 2
    assert spent(house, key) == ([Decimal("0.05")], 0)


def test_in_anthropics_dialect(house: House) -> None:
    asked = question("nickel", **FIFTY)
    assert house.post(ANTHROPIC, asked, key="purse-anthropic").status_code == 200
    refused = house.post(ANTHROPIC, asked, key="purse-anthropic")
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert_refused(house, "purse-anthropic", refused, refused.json()["error"])


def test_as_a_stream_which_does_not_begin(house: House) -> None:
    asked = question("nickel", stream=True, **FIFTY)
    assert house.post(OPENAI, asked, key="purse-stream").text.endswith("[DONE]\n\n")
    refused = house.post(OPENAI, asked, key="purse-stream")
    assert_refused(house, "purse-stream", refused, refused.json()["error"])


def test_over_a_socket(house: House) -> None:
    with talking(house, "purse-socket") as talk:
        done, refused = [talk.answer(name, "nickel", options=FIFTY)[-1] for name in ("c1", "c2")]
    assert done["response"]["cost"] == "0.05"
    assert (refused["error"]["code"], refused["error"]["limit"]["resets_at"]) == ("insufficient_quota", resets_at())
    assert spent(house, "purse-socket") == ([Decimal("0.05")], 0)


WEBHOOK = """
from webhooks.models import Webhook
made = Webhook(url="https://127.0.0.1:9/")
made.renew_secret()
made.save()
"""


def test_webhooks_hear_of_its_share_and_that_it_is_used_up(house: House) -> None:
    """Calls of five cents against eight: the second finds no room, though three cents are left."""
    house.serving.manage("shell", "-v", "0", "-c", WEBHOOK)
    asked = question("nickel", options=FIFTY)
    assert [house.post(NATIVE, asked, key="purse-told").status_code for _ in range(3)] == [200, 429, 429]

    def told() -> list[tuple[str, str, int]]:
        bodies = [json.loads(row["body"]) for row in house.serving.rows("webhooks_delivery")]
        mine = [body for body in bodies if body["data"]["budget"] == "the budget of key purse-told"]
        return [(body["type"], body["data"]["spent"], body["data"]["share"]) for body in mine]

    assert wait_until(lambda: told() == [("budget.alert", "0.05", 50), ("budget.exceeded", "0.05", 62)])
    house.serving.change("UPDATE webhooks_webhook SET disabled = true")


def test_what_never_resets_says_so(house: House) -> None:
    refused = house.post(OPENAI, question("nickel", **FIFTY), key="purse-for-good")
    assert "retry-after" not in refused.headers
    assert "x-gatehouse-budget-reset" not in refused.headers
    error = refused.json()["error"]
    assert (error["limit"]["name"], error["limit"]["resets_at"]) == ("budget_total", None)
    assert error["hint"] == "The budget never resets. This call alone may cost more than all of it: lower max_tokens."


def test_without_a_price_a_hard_budget_holds_nothing(house: House) -> None:
    refused = house.post(OPENAI, question("unpriced"), key="wealthy")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "unpriced_model")
    assert house.post(OPENAI, question("unpriced"), key="warned").status_code == 200


@pytest.mark.parametrize(("key", "bound"), [("frugal", 7), ("wealthy", 4096), ("warned", None)])
def test_a_bound_that_is_reserved_is_the_vendors_too(house: House, key: str, bound: int | None) -> None:
    text = f"How much may a {key} one say?"
    house.post(OPENAI, question("nickel", text), key=key)
    assert house.received(text).json.get("max_completion_tokens") == bound


def test_the_callers_own_bound_goes_before_the_keys(house: House) -> None:
    house.post(OPENAI, question("nickel", "Say thirty", max_tokens=30), key="frugal")
    assert house.received("Say thirty").json["max_completion_tokens"] == 30


def test_a_dearer_route_that_the_budget_does_not_hold_is_passed_by(house: House) -> None:
    """The caller hears of what went wrong, for nothing that it did was refused."""
    answer = house.post(OPENAI, question("nickel-in-vain", **FIFTY), key="purse-for-good")
    assert answer.status_code == 502
    row = house.row(answer.headers["x-request-id"])
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["error", "skipped"]
    assert spent(house, "purse-for-good") == ([Decimal(0)], 0)


def test_a_dearer_route_that_it_holds_is_topped_up(house: House) -> None:
    answer = house.post(NATIVE, question("nickel-in-vain", options=FIFTY), key="wealthy")
    assert answer.json()["cost"] == "0.05"
    assert spent(house, "wealthy")[1] == 0


def test_a_soft_budget_is_spent_and_refuses_nobody(house: House) -> None:
    for _ in range(2):
        answer = house.post(NATIVE, question("nickel", options=FIFTY), key="warned")
        assert answer.status_code == 200
        assert not any(re.match("x-gatehouse-budget", name) for name in answer.headers)
    assert spent(house, "warned")[0][0] >= Decimal("0.1")
