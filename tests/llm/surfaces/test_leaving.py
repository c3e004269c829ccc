"""A client that leaves closes the upstream within a second, and its row says what was used."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.surfaces.house import NATIVE, OPENAI, House, question
from tests.llm.surfaces.wire import Manner, dial, leave, read_to_end, read_until
from tests.upstream.received import Received

PROMPTLY = 1.0
FIRST = {NATIVE: b"event: chunk", OPENAI: b'"content":"'}
"""What stands in a stream once there was content: the words of the frames before it are empty."""


@pytest.fixture
def sockets(house: House) -> Iterator[None]:
    """In the end the vendor has no more connections than before."""
    before = house.vendor.open_sockets
    yield
    house.vendor.wait_for(lambda: house.vendor.open_sockets <= before, PROMPTLY)


def asked(house: House, path: str, model: str, **more: Any) -> tuple[socket.socket, Received]:
    """A line on which a question was put that has reached the vendor."""
    text = f"Are you there, {uuid4()}?"
    line = dial(house, path, question(model, text, **more))
    house.vendor.wait_for(lambda: any(text.encode() in one.body for one in house.vendor.requests))
    return line, house.received(text)


def assert_aborted(house: House, received: Received) -> dict[str, Any]:
    house.vendor.wait_for(lambda: received.outcome == "aborted", PROMPTLY)
    return house.row(received.id or "")


@pytest.mark.usefixtures("sockets")
@pytest.mark.parametrize("manner", ["close", "reset", "half-close"])
@pytest.mark.parametrize("path", [NATIVE, OPENAI])
@pytest.mark.parametrize("model", ["stall-first", "stall-mid"])
def test_who_waits_for_json_may_leave(served: House, path: str, model: str, manner: Manner) -> None:
    line, received = asked(served, path, model)
    with closing(line):
        leave(line, manner)
        row = assert_aborted(served, received)
        assert manner != "half-close" or read_to_end(line) == b""

    assert (row["status"], row["streamed"], row["surface"]) == ("cancelled", False, "json")
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["cancelled"]
    assert row["prompt_tokens"] > 0
    assert row["usage_estimated"]
    assert row["cost"] > 0


@pytest.mark.usefixtures("sockets")
@pytest.mark.parametrize("manner", ["close", "reset", "half-close"])
@pytest.mark.parametrize("path", [NATIVE, OPENAI])
def test_who_waits_for_the_first_token_may_leave(served: House, path: str, manner: Manner) -> None:
    line, received = asked(served, path, "stall-first", stream=True)
    with closing(line):
        leave(line, manner)
        row = assert_aborted(served, received)
        assert manner != "half-close" or read_to_end(line) == b""

    assert (row["status"], row["streamed"], row["surface"]) == ("cancelled", True, "sse")
    assert row["first_token_ms"] is None
    assert (row["prompt_tokens"] > 0, row["completion_tokens"], row["usage_estimated"]) == (True, 0, True)
    assert row["cost"] > 0


@pytest.mark.usefixtures("sockets")
@pytest.mark.parametrize("manner", ["close", "reset", "half-close"])
@pytest.mark.parametrize("path", [NATIVE, OPENAI])
def test_who_has_heard_the_first_token_may_leave(served: House, path: str, manner: Manner) -> None:
    line, received = asked(served, path, "stall-mid", stream=True)
    with closing(line):
        read_until(line, FIRST[path])
        leave(line, manner)
        row = assert_aborted(served, received)
        assert manner != "half-close" or read_to_end(line) == b""

    assert (row["status"], row["streamed"], row["finish_reason"]) == ("cancelled", True, None)
    assert row["first_token_ms"] > 0
    assert (row["prompt_tokens"] > 0, row["completion_tokens"] > 0, row["usage_estimated"]) == (True, True, True)
    assert row["cost"] > 0


@pytest.mark.usefixtures("sockets")
def test_who_leaves_in_the_flow_of_tokens_is_charged_for_what_was_said(served: House) -> None:
    line, received = asked(served, NATIVE, "words-2000+gap-5ms", stream=True)
    with closing(line):
        read_until(line, b" word20")
        leave(line, "reset")
        row = assert_aborted(served, received)

    assert row["status"] == "cancelled"
    assert 20 <= row["completion_tokens"] < 2_000


def test_who_leaves_between_two_tries_pays_for_none(house: House) -> None:
    """The vendor had refused the first try, and the second was not yet made."""
    line, received = asked(house, NATIVE, "much-later")
    house.vendor.wait_for(lambda: received.outcome == "completed")
    leave(line, "close")
    row = house.row(received.id or "")

    assert row["status"] == "cancelled"
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["error"]
    assert (row["total_tokens"], row["cost"]) == (0, 0)
    assert house.vendor.ids.count(received.id) == 1


def test_who_waits_for_anothers_answer_may_leave(house: House) -> None:
    """Both ask the same and the cache is on: the second one follows the first, and no vendor hears of it."""
    body = question("gate-first", f"Tell us both, {uuid4()}", cache={"mode": "on"})
    leader = dial(house, NATIVE, body)
    text = body["messages"][0]["content"]
    house.vendor.wait_for(lambda: any(text.encode() in one.body for one in house.vendor.requests))
    follower = dial(house, NATIVE, body | {"metadata": {"session_id": text}})
    # The follower is on its way once a later call has been answered.
    assert house.ask(NATIVE, "gpt-4o-mini").status_code == 200
    leave(follower, "close")
    row = house.row_of(text)

    assert (row["status"], row["attempts"], row["cost"]) == ("cancelled", [], 0)
    leave(leader, "close")
    assert assert_aborted(house, house.received(text))["status"] == "cancelled"


def test_many_who_leave_at_once_take_nothing_with_them(served: House) -> None:
    before = served.vendor.open_sockets
    gone = [asked(served, OPENAI, "stall-mid", stream=number % 2 == 0) for number in range(30)]
    for line, _ in gone:
        leave(line, "half-close")
    for line, received in gone:
        assert_aborted(served, received)
        read_to_end(line)
        line.close()

    served.vendor.wait_for(lambda: served.vendor.open_sockets <= before, PROMPTLY)
    assert served.ask(NATIVE, "gpt-4o-mini").status_code == 200


def test_a_reader_that_stops_holds_up_nobody_and_fills_no_memory(house: House) -> None:
    """The vendor has 64 MB to say; what is not read stays with it."""
    before = memory(house)
    line, received = asked(house, NATIVE, "huge-64mb", stream=True)
    with closing(line):
        read_until(line, FIRST[NATIVE])
        answers = [house.ask(NATIVE, "gpt-4o-mini") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert received.outcome == "open"
        assert memory(house) - before < 24 * 1024
        leave(line, "close")
        row = assert_aborted(house, received)

    assert row["status"] == "cancelled"
    assert 0 < row["completion_tokens"] < 16 * 1024 * 1024


def test_a_slow_reader_gets_everything(house: House) -> None:
    line, received = asked(house, NATIVE, "huge-16mb", stream=True)
    with closing(line):
        answers = [house.ask(NATIVE, "gpt-4o-mini") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        said = read_until(line, b'"done":true}')

    # Once in the chunks, once in the whole answer at their end.
    assert said.count(b"x") >= 2 * 16 * 16 * 65_535
    assert house.row(received.id or "")["status"] == "ok"


@pytest.mark.alone
@pytest.mark.parametrize("way", ["left", "interrupted"])
def test_code_that_leaves_a_loop_or_is_interrupted_has_left_too(house: House, way: str) -> None:
    """Its process lives on: a later call is answered."""
    text = f"Are you there, {uuid4()}?"
    model = "stall-mid" if way == "left" else "stall-first"
    warm, later = (("generate", question("gpt-4o-mini", said)) for said in ("warm", "later"))
    *_, later = house.python([warm, (way, question(model, text)), later])

    assert later[0]["content"] == "later"
    row = assert_aborted(house, house.received(text))
    assert (row["status"], row["surface"]) == ("cancelled", "python")
    assert row["latency_ms"] < 10_000


def memory(house: House) -> int:
    """Kilobytes of the gateway's process."""
    assert house.serving.process is not None
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(house.serving.process.pid)], check=True, capture_output=True)
    return int(told.stdout)
