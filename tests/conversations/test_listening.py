"""An EventSource hears an answer from its beginning, while it is given and afterwards; in any process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from conversations.listening import news
from llm.types import Choice, ReasoningDelta, TextDelta, ToolCall, ToolCallDelta
from tests.conversations.house import KEYS, House
from tests.conversations.test_breaking import eventually
from tests.llm.surfaces.house import frames
from tests.llm.surfaces.wire import read_until


@pytest.fixture
def gate(house: House) -> Iterator[None]:
    yield
    house.vendor.hold()


def words(events: list[tuple[str, Any]]) -> str:
    return "".join(data["delta"] for name, data in events if name == "chunk")


@pytest.mark.parametrize("which", [0, 1])
def test_a_kept_answer_is_replayed_whole(house: House, which: int) -> None:
    """Under its own id, and under that of what it answers."""
    conversation = house.opened()
    answer = house.say(conversation, "One two three").json()

    events = house.heard(conversation, house.messages(conversation)[which]["id"])

    assert [name for name, _ in events] == ["chunk", "done"]
    assert words(events) == "One two three"
    assert events[-1][1] == {**answer, "done": True}


def test_thoughts_and_calls_are_replayed_too(house: House) -> None:
    conversation = house.opened()
    said = frames(house.say(conversation, "Think", model="reasoning", stream=True).text)[-1][1]
    called = house.say(conversation, "Call", model="tool").json()

    thought, call = (house.heard(conversation, house.messages(conversation)[at]["id"]) for at in (1, 3))

    assert thought[0][1]["reasoning_delta"] == said["reasoning"]
    assert thought[-1][1] == said
    assert call[0][1]["tool_call_delta"] == {"index": 0, **called["tool_calls"][0]}


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("where", ["same", "beside"])
def test_an_answer_in_the_making_is_followed_from_its_beginning(house: House, where: str) -> None:
    other = house if where == "same" else house.beside()
    conversation = house.opened(model="gate")
    path = f"{conversation}stream?message="
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "One two", "stream": True})) as speaker:
        read_until(speaker, b"event: chunk")
        given = house.messages(conversation)[1]
        assert given["status"] == "running"
        with closing(other.dial("GET", path + given["id"])) as listener:
            assert b'"delta":"One"' in read_until(listener, b"}\n\n")
            house.vendor.release()
            rest = read_until(listener, b'"done":true}')
        read_until(speaker, b'"done":true}')
    assert b'"delta":" two"' in rest
    if other is not house:
        assert other.serving.stop() == 0


def test_who_listens_may_leave_and_the_answer_goes_on(house: House) -> None:
    conversation = house.opened(model="gate")
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "One two", "stream": True})) as speaker:
        read_until(speaker, b"event: chunk")
        given = house.messages(conversation)[1]["id"]
        with closing(house.dial("GET", f"{conversation}stream?message={given}")) as listener:
            read_until(listener, b"event: chunk")
        house.vendor.release()
        assert b"event: done" in read_until(speaker, b'"done":true}')
    house.vendor.hold()
    assert house.told(conversation)[-1] == ("assistant", "One two", "complete")


def test_a_broken_answer_ends_with_its_error(house: House) -> None:
    conversation = house.opened()
    said = frames(house.say(conversation, "One two three four", model="cut+after-3", stream=True).text)

    heard = house.heard(conversation, house.messages(conversation)[0]["id"])

    assert words(heard) == "One two three"
    assert heard[-1] == said[-1]
    assert heard[-1][0] == "error"


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("", 422, "message"),
        ("?message=msg_1", 404, "message"),
        ("?message=msg_00000000-0000-7000-8000-000000000000", 404, "message"),
        ("?message=x&token=secret", 422, "token"),
        ("?message=a&message=b", 422, "message"),
    ],
)
def test_what_cannot_be_listened_to_is_refused_by_name(house: House, query: str, status: int, param: str) -> None:
    answer = house.ask("GET", f"{house.opened()}stream{query}")

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]


def test_a_client_token_may_stand_in_the_address(house: House) -> None:
    conversation = house.opened(metadata={"user_id": "ada"})
    house.say(conversation, "Hi there")
    heard = [house.client.get(house.stream(conversation, house.token(user))).text for user in ("ada", "eve")]

    assert words(frames(heard[0])) == "Hi there"
    assert json.loads(heard[1])["error"]["code"] == "conversation_not_found"


def test_a_key_may_not(house: House) -> None:
    conversation = house.opened()
    house.say(conversation, "Hi")
    refused = house.client.get(house.stream(conversation, KEYS["main"]))

    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "token")
    assert KEYS["main"] not in refused.text


def test_a_message_of_another_conversation_is_none_of_this(house: House) -> None:
    other = house.opened()
    house.say(other, "Hi")

    answer = house.ask("GET", f"{house.opened()}stream?message={house.messages(other)[0]['id']}")

    assert answer.status_code == 404


def test_news_are_what_was_not_heard_yet() -> None:
    call = ToolCall("c", "f", "{}")
    before, after = Choice("One", "Hm"), Choice("One two", "Hmm", tool_calls=[call])

    assert news(before, after, whole=False) == [ReasoningDelta("m"), TextDelta(" two")]
    assert news(before, after, whole=True)[-1] == ToolCallDelta(0, "c", "f", "{}")
    assert news(after, after, whole=True) == []


def test_an_answer_is_awaited_in_the_open(house: House) -> None:
    """A second tab sees the answer that is being given among the messages."""
    conversation = house.opened(model="gate-first")
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "One"})) as line:
        eventually(lambda: [status for _, _, status in house.told(conversation)] == ["complete", "running"])
        house.vendor.release()
        read_until(line, b'"created_at"')
    house.vendor.hold()
