"""A tool that an answer called gets its result said in the next turn."""

from __future__ import annotations

from typing import Any

from tests.conversations.house import House

TOOLS = [{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}]


def called(house: House) -> tuple[str, str]:
    """A conversation whose last answer is a call, and that call's id."""
    conversation = house.opened()
    answer = house.say(conversation, "How warm is it?", model="tool", options={"tools": TOOLS}).json()
    return conversation, answer["tool_calls"][0]["id"]


def result(call: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "tool", "tool_call_id": call, "content": "22"}], "options": {"tools": TOOLS}, **more}


def test_the_result_follows_its_call(house: House) -> None:
    conversation, call = called(house)

    answer = house.ask("POST", f"{conversation}messages/", result(call))

    assert answer.status_code == 200, answer.text
    assert [one["role"] for one in house.sent()] == ["user", "assistant", "tool"]
    assert house.sent()[1]["tool_calls"][0]["id"] == house.sent()[2]["tool_call_id"] == call
    assert [one["tool_call_id"] for one in house.messages(conversation)] == [None, None, call, None]


def test_a_call_that_nobody_answered_is_not_told_again(house: House) -> None:
    conversation, _ = called(house)

    assert house.say(conversation, "Never mind").status_code == 200

    assert [one["role"] for one in house.sent()] == ["user", "user"]


def test_a_result_of_no_call_is_refused(house: House) -> None:
    conversation, call = called(house)

    for path, name in ((conversation, "other"), (house.opened(), call)):
        refused = house.ask("POST", f"{path}messages/", result(name))
        error = refused.json()["error"]
        assert (refused.status_code, error["param"]) == (422, "messages[0].tool_call_id")
    assert len(house.messages(conversation)) == 2
