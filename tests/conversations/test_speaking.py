"""What is said in a conversation is answered as `generate` answers, with what was said before in front."""

from __future__ import annotations

import re

from tests.conversations.house import House
from tests.llm.surfaces.house import frames


def test_an_answer_is_that_of_generate(house: House) -> None:
    conversation = house.opened()
    plain = house.ask(
        "POST", "/api/v1/generate/", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    )

    answer = house.say(conversation, "Hi")

    assert answer.status_code == 200
    assert answer.json().keys() == plain.json().keys()
    assert (answer.json()["content"], answer.json()["finish_reason"]) == ("Hi", "stop")
    assert set(answer.headers) - set(plain.headers) == {"x-gatehouse-conversation", "x-gatehouse-message"}


def test_the_history_goes_in_front_and_the_system_message_first(house: House) -> None:
    conversation = house.opened(system="Be terse.")
    house.say(conversation, "One")
    house.say(conversation, [{"type": "text", "text": "Two"}])

    assert house.say(conversation, "Three").json()["content"] == "Three"

    assert [(one["role"], one["content"]) for one in house.sent()] == [
        ("system", "Be terse."),
        ("user", "One"),
        ("assistant", "One"),
        ("user", "Two"),
        ("assistant", "Two"),
        ("user", "Three"),
    ]


def test_a_stream_has_the_events_of_generate(house: House) -> None:
    conversation = house.opened()

    answer = house.say(conversation, "One two three", stream=True)

    events = frames(answer.text)
    assert [name for name, _ in events] == ["chunk", "chunk", "chunk", "done"]
    assert "".join(data["delta"] for name, data in events if name == "chunk") == "One two three"
    assert events[-1][1]["content"] == "One two three"
    assert events[-1][1]["id"] == answer.headers["x-request-id"]
    assert house.told(conversation)[-1] == ("assistant", "One two three", "complete")


def test_a_kept_answer_names_its_generation_and_what_it_took(house: House) -> None:
    conversation = house.opened()
    answer = house.say(conversation, "Hi")

    asked, given = house.messages(conversation)

    assert (asked["role"], asked["content"], asked["status"], asked["generation_id"]) == (
        "user",
        "Hi",
        "complete",
        None,
    )
    assert given["id"] == answer.headers["x-gatehouse-message"]
    assert given["generation_id"] == answer.json()["id"]
    assert {name: given[name] for name in ("model", "finish_reason", "usage", "cost")} == {
        name: answer.json()[name] for name in ("model", "finish_reason", "usage", "cost")
    }
    assert re.fullmatch(r"msg_[0-9a-f-]{36}", asked["id"])
