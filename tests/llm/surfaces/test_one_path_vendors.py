"""Whichever vendor answers, and however it was asked: the same is said, counted and paid."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.surfaces.house import NATIVE, House, plain
from tests.llm.surfaces.registry import EVERYWHERE, VENDORS
from tests.llm.surfaces.test_one_path import IN_PYTHON, OVER_HTTP, heard, joined, request

COUNTED = (
    *("status", "finish_reason", "usage_estimated", "cost"),
    *("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"),
)
WAYS = (*OVER_HTTP, *IN_PYTHON)
"""The socket and the worker take the same request to the same gateway: `test_one_path.py`."""

REFERENCE = ("openai", WAYS[0])


@dataclass(slots=True)
class Ask:
    said: dict[str, Any]
    counted: dict[str, Any] = field(default_factory=dict)


Asked = tuple[str, str, str]
"""A vendor, a way and a model."""


@pytest.fixture(scope="module")
def asks(house: House) -> dict[Asked, Ask]:
    """Every model asked of every vendor in every way, once."""
    sessions = {(kind, way, name): str(uuid4()) for kind in VENDORS for way in WAYS for name in EVERYWHERE}
    made = over_http(house, sessions) | in_python(house, sessions)
    house.row_of(list(sessions.values())[-1])
    rows = {row["session_id"]: plain(row) for row in house.serving.rows()}
    for asked, ask in made.items():
        ask.counted = {name: rows[sessions[asked]][name] for name in COUNTED}
    return made


def over_http(house: House, sessions: dict[Asked, str]) -> dict[Asked, Ask]:
    made = {}
    for (kind, way, name), session in sessions.items():
        if way in OVER_HTTP:
            path, stream = OVER_HTTP[way]
            body = request(path, f"{kind}/{name}", session) | {"stream": stream}
            made[kind, way, name] = Ask(heard(path, house.post(path, body).text))
    return made


def in_python(house: House, sessions: dict[Asked, str]) -> dict[Asked, Ask]:
    asked = [one for one in sessions if one[1] in IN_PYTHON]
    lines = house.python([(way, request(NATIVE, f"{kind}/{n}", sessions[kind, way, n])) for kind, way, n in asked])
    return {
        one: Ask({"error": told} if isinstance(told, dict) else joined(told))
        for one, told in zip(asked, lines, strict=True)
    }


def meant(ask: Ask) -> dict[str, Any]:
    """What was said. Arguments come as text from some vendors and as an object from others, so blanks may differ."""
    return ask.said | {"calls": [(name, json.loads(arguments)) for name, arguments in ask.said["calls"]]}


every = pytest.mark.parametrize(("kind", "way", "name"), [(k, w, n) for k in VENDORS for w in WAYS for n in EVERYWHERE])


@every
def test_the_same_is_said(asks: dict[Asked, Ask], kind: str, way: str, name: str) -> None:
    assert meant(asks[kind, way, name]) == meant(asks[*REFERENCE, name])


@every
def test_the_same_is_counted_and_paid(asks: dict[Asked, Ask], kind: str, way: str, name: str) -> None:
    assert asks[kind, way, name].counted == asks[*REFERENCE, name].counted


def test_something_is_said_counted_and_paid(asks: dict[Asked, Ask]) -> None:
    """So that equal answers are not equally empty."""
    thought, called = (asks[*REFERENCE, name] for name in EVERYWHERE)
    assert (thought.said["text"], thought.said["reasoning"]) == ("Say it again", "Let me think.")
    assert (thought.counted["cached_tokens"], thought.counted["reasoning_tokens"]) == (2, 3)
    assert thought.counted["cost"] == 3 * 150_000 + 2 * 75_000 + 6 * 600_000
    assert called.said["calls"][0][0] == "get_weather"
