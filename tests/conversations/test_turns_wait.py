"""Messages to one conversation wait their turn, in one process and across several."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conversations.house import House
from tests.conversations.test_breaking import eventually


@pytest.fixture(scope="module")
def beside(house: House) -> Iterator[House]:
    second = house.beside()
    yield second
    assert second.serving.stop() == 0


@pytest.fixture
def gate(house: House) -> Iterator[None]:
    yield
    house.vendor.hold()


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("where", ["same", "beside"])
def test_the_second_of_two_tabs_waits_and_both_are_in_order(house: House, beside: House, where: str) -> None:
    other = house if where == "same" else beside
    conversation = house.opened(model="gate-first")
    with ThreadPoolExecutor(2) as tabs:
        first = tabs.submit(house.say, conversation, "First")
        eventually(lambda: len(house.messages(conversation)) == 2)
        second = tabs.submit(other.say, conversation, "Second", model="gpt-4o-mini")
        # The second one is on its way once a later call to its process has been answered.
        assert other.say(house.opened(), "Meanwhile").status_code == 200
        assert len(house.messages(conversation)) == 2
        house.vendor.release()
        assert [answer.result().status_code for answer in (first, second)] == [200, 200]

    assert [words for _, words, _ in house.told(conversation)] == ["First", "First", "Second", "Second"]
    assert [one["content"] for one in house.sent()] == ["First", "First", "Second"]


def test_many_at_once_from_two_processes_make_whole_turns(house: House, beside: House) -> None:
    conversation = house.opened()
    start = threading.Barrier(8)

    def say(number: int) -> int:
        start.wait()
        return (house if number % 2 else beside).say(conversation, f"Number {number}").status_code

    with ThreadPoolExecutor(8) as tabs:
        assert list(tabs.map(say, range(8))) == [200] * 8

    told = house.told(conversation)
    assert [role for role, _, _ in told] == ["user", "assistant"] * 8
    assert [words for _, words, _ in told[::2]] == [words for _, words, _ in told[1::2]]
    assert len({words for _, words, _ in told}) == 8
    longest = max((one.json["messages"] for one in house.vendor.requests), key=len)
    assert [one["content"] for one in longest] == [words for _, words, _ in told[:-1]]
