"""An answer that breaks off is kept as far as it came, and goes along with the next question."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import httpx2
import pytest

from tests.conversations.house import House
from tests.llm.surfaces.house import frames
from tests.llm.surfaces.wire import leave, read_until

Row = dict[str, object]


@pytest.fixture
def gate(house: House) -> Iterator[None]:
    yield
    house.vendor.hold()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_is_incomplete_and_part_of_the_history(house: House, stream: bool) -> None:
    conversation = house.opened()

    answer = house.say(conversation, "One two three four five", model="cut+after-3", stream=stream)

    error = frames(answer.text)[-1][1]["error"] if stream else answer.json()["error"]
    assert error["code"] == "provider_broken"
    asked, given = house.messages(conversation)
    if not stream:  # half of a JSON body is no answer at all
        assert (given["status"], given["content"], given["error"]) == ("error", None, error)
        return
    assert (given["status"], given["content"], given["error"]) == ("incomplete", "One two three", error)
    house.say(conversation, "Go on")
    assert [one["content"] for one in house.sent()] == [asked["content"], "One two three", "Go on"]


def test_an_answer_that_never_began_is_an_error_and_its_question_stays(house: House) -> None:
    conversation = house.opened()

    assert house.say(conversation, "Hi", model="status-503").status_code == 503

    (asked, given) = house.messages(conversation)
    assert (asked["content"], given["status"], given["content"]) == ("Hi", "error", None)
    assert given["error"]["code"] == "provider_overloaded"
    house.say(conversation, "Are you there?")
    assert [(one["role"], one["content"]) for one in house.sent()] == [("user", "Hi"), ("user", "Are you there?")]


@pytest.mark.parametrize(
    "said", [{"model": "nobody"}, {"prompt": {"name": "none"}}, {"model": "narrow", "content": "word " * 300}]
)
def test_what_is_refused_leaves_no_trace(house: House, said: dict[str, object]) -> None:
    conversation = house.opened()

    assert house.ask("POST", f"{conversation}messages/", {"content": "Hi", **said}).status_code in (404, 422)

    assert house.messages(conversation) == []


def test_over_the_keys_limit_nothing_is_kept(house: House) -> None:
    conversation = house.opened(key="limited")
    house.say(conversation, "Hi", key="limited")

    refused = house.say(conversation, "Hi again", key="limited")

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert len(house.messages(conversation, key="limited")) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_whoever_leaves_ends_the_answer_and_what_was_said_stays(house: House, stream: bool) -> None:
    conversation = house.opened(model="stall-mid")
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "One two", "stream": stream})) as line:
        if stream:
            read_until(line, b"event: chunk")
        else:
            eventually(lambda: len(house.messages(conversation)) == 2)
        leave(line, "reset")
    eventually(lambda: house.messages(conversation)[-1]["status"] != "running")

    given = house.messages(conversation)[-1]
    assert (given["status"], given["content"]) == ("cancelled", "One" if stream else None)
    assert given["error"]["code"] == "answer_cancelled"
    assert house.say(conversation, "Go on", model="gpt-4o-mini").status_code == 200


@pytest.mark.usefixtures("gate")
def test_whoever_leaves_while_waiting_leaves_no_trace(house: House) -> None:
    conversation = house.opened(model="gate-first")
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "First"})) as first:
        eventually(lambda: len(house.messages(conversation)) == 2)
        with closing(house.dial("POST", f"{conversation}messages/", {"content": "Second"})) as second:
            assert house.say(house.opened(), "Meanwhile").status_code == 200
            leave(second, "reset")
        house.vendor.release()
        read_until(first, b'"created_at"')

    assert house.say(conversation, "Third").status_code == 200
    assert [words for role, words, _ in house.told(conversation) if role == "user"] == ["First", "Third"]


def test_a_process_that_dies_frees_the_turn_and_leaves_what_it_had_kept(house: House) -> None:
    conversation = house.opened(model="stall-mid")
    beside = house.beside()
    with closing(beside.dial("POST", f"{conversation}messages/", {"content": "One two", "stream": True})) as line:
        read_until(line, b"event: chunk")
        eventually(lambda: house.messages(conversation)[-1]["content"] == "One")
        beside.serving.stop(signal.SIGKILL)
    assert house.messages(conversation)[-1]["status"] == "running"
    end_lease(house)

    given = house.messages(conversation)[-1]
    assert (given["status"], given["content"]) == ("interrupted", "One")
    assert house.heard(conversation, given["id"])[-1][1]["error"]["code"] == "answer_interrupted"
    assert house.say(conversation, "Go on", model="gpt-4o-mini").status_code == 200
    assert [one["content"] for one in house.sent()] == ["One two", "One", "Go on"]
    assert [status for _, _, status in house.told(conversation)][1] == "interrupted"


def end_lease(house: House) -> None:
    """As if its seconds were over."""
    house.serving.change("UPDATE conversations_conversation SET turn_until = '2001-01-01' WHERE turn_until IS NOT NULL")


@pytest.mark.usefixtures("gate")
def test_a_deleted_conversation_ends_though_an_answer_is_on_its_way(house: House) -> None:
    conversation = house.opened(model="gate-first")
    with closing(house.dial("POST", f"{conversation}messages/", {"content": "First"})) as line:
        eventually(lambda: len(house.messages(conversation)) == 2)
        assert house.ask("DELETE", conversation).status_code == 204
        house.vendor.release()
        assert b'"content":"First"' in read_until(line, b'"created_at"')

    assert house.ask("GET", conversation).status_code == 404
    with suppress(httpx2.HTTPError):
        assert house.say(conversation, "Hello?").json()["error"]["code"] == "conversation_not_found"
