"""Key, team and organisation bind every call; a user's and a tag's budget those that name them."""

from __future__ import annotations

from typing import Any

import pytest

from llm.budgets import BudgetScope, BudgetSpec
from llm.ledger.charging import charges, is_charged
from tests.analytics.records import record


def values(scope: BudgetScope, match: str = "", **said: Any) -> list[str]:
    return [charge.value for charge in charges([BudgetSpec(1, scope, 5, "day", match=match)], record(**said))]


@pytest.mark.parametrize("scope", ["key", "team", "organisation"])
def test_these_bind_every_call(scope: BudgetScope) -> None:
    assert values(scope) == [""]


def test_a_user_binds_his_own_calls() -> None:
    assert values("user", "ada", user_id="ada") == [""]
    assert values("user", "ada", user_id="bob") == []
    assert values("user", "ada") == []


def test_a_tag_binds_calls_with_its_value() -> None:
    assert values("tag", "env=prod", tags={"env": "prod"}) == [""]
    assert values("tag", "env=prod", tags={"env": "test"}) == []
    assert values("tag", "env=prod") == []
    assert values("tag", "env=a=b", tags={"env": "a=b"}) == [""]


def test_a_star_gives_each_value_a_window_of_its_own() -> None:
    assert values("user", "*", user_id="ada") == ["ada"]
    assert values("tag", "env=*", tags={"env": "prod"}) == ["prod"]
    assert values("user", "*", user_id="") == []
    assert values("user", "*") == []


@pytest.mark.parametrize("user", ["a\0b", "\ud800", "x" * 301, "line\nfeed"])
def test_a_value_that_no_column_takes_goes_by_its_digest(user: str) -> None:
    (value,) = values("user", "*", user_id=user)
    assert len(value) == 64
    assert [value] != values("user", "*", user_id=user + "!")


def test_a_call_is_charged_where_there_is_something_to_move() -> None:
    some = charges([BudgetSpec(1, "key", 5, "day")], record())
    assert not is_charged(record(cost=5))
    assert not is_charged(record(charges=some))
    assert is_charged(record(charges=some, cost=5))
    assert is_charged(record(charges=some, cost=None))
    assert is_charged(record(charges=some, reserved=0)), "it may hold something unawares"
