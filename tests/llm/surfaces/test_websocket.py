"""The socket: what is asked and answered over it, several at once, and what a client hears of faults."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.surfaces.house import NATIVE, House, frames, question
from tests.llm.surfaces.talk import Heard, talking
from tests.llm.surfaces.test_leaving import PROMPTLY

WORDS = "".join(f" word{number}" for number in range(1, 21)).strip()


def said(heard: list[Heard]) -> str:
    return "".join(one["delta"] for one in heard if one["type"] == "chunk")


class TestAnAnswer:
    def test_it_comes_in_chunks_and_then_whole(self, served: House) -> None:
        with talking(served) as talk:
            *chunks, done = talk.answer("c1", "gpt-4o-mini", "Say it again")

        name = done["generation_id"]
        assert chunks == [
            {"type": "chunk", "id": "c1", "generation_id": name, "index": index, "delta": delta}
            for index, delta in enumerate(["Say", " it", " again"])
        ]
        whole = served.ask(NATIVE, "gpt-4o-mini").json()
        assert done.keys() == {"type", "id", "generation_id", "response"}
        assert (done["type"], done["id"], done["response"]["id"]) == ("done", "c1", name)
        assert done["response"].keys() == whole.keys()
        assert done["response"]["content"] == whole["content"] == "Say it again"
        row = served.row(name)
        assert (row["surface"], row["streamed"], row["status"]) == ("websocket", True, "ok")

    @pytest.mark.parametrize("model", ["reasoning", "refusal", "tool", "words-20"])
    def test_its_chunks_are_those_of_the_event_stream(self, house: House, model: str) -> None:
        *streamed, _ = [data for _, data in frames(house.ask(NATIVE, model, stream=True).text)]

        with talking(house) as talk:
            *chunks, _ = talk.answer("c1", model)

        ours = {"type", "id", "generation_id"}
        assert [{**chunk, "id": ""} for chunk in streamed] == [
            {"id": "", **{name: value for name, value in chunk.items() if name not in ours}} for chunk in chunks
        ]

    @pytest.mark.parametrize("stream", [True, False, None, "whatever"])
    def test_it_is_streamed_whatever_the_request_says(self, house: House, stream: Any) -> None:
        with talking(house) as talk:
            assert said(talk.answer("c1", "words-20", stream=stream)) == WORDS

    def test_a_word_leaves_when_it_comes(self, house: House) -> None:
        with talking(house) as talk:
            talk.ask("c1", "gate")
            assert talk.hear()["delta"] == "Say"
            house.vendor.release()
            assert said(talk.until("done")) == " it again"
        house.vendor.hold()

    def test_a_long_question_may_come_in_fragments(self, served: House) -> None:
        asked = json.dumps({"type": "generate", "id": "c1", "request": question("gpt-4o-mini", "long " * 1000)})
        with talking(served) as talk:
            talk.line.send(asked[start : start + 100] for start in range(0, len(asked), 100))
            assert said(talk.until("done")).split() == ["long"] * 1000


class TestSeveralAtOnce:
    def test_each_is_told_by_its_id(self, house: House) -> None:
        with talking(house) as talk:
            names = [f"c{number}" for number in range(20)]
            for name in names:
                talk.ask(name, "words-20" if name == "c7" else "gpt-4o-mini", f"I am {name}")
            heard: list[Heard] = []
            while sum(one["type"] == "done" for one in heard) < 20:
                heard.append(talk.hear())

        for name in names:
            mine = [one for one in heard if one["id"] == name]
            assert said(mine) == (WORDS if name == "c7" else f"I am {name}")
            assert len({one["generation_id"] for one in mine}) == 1

    def test_one_that_waits_holds_up_no_other(self, house: House) -> None:
        with talking(house) as talk:
            talk.ask("c1", "stall-mid")
            assert talk.hear()["id"] == "c1"
            assert said(talk.answer("c2", "words-20")) == WORDS

    def test_an_id_in_use_is_refused_and_the_running_one_goes_on(self, house: House) -> None:
        with talking(house) as talk:
            talk.ask("c1", "gate")
            talk.hear()
            talk.ask("c1", "gpt-4o-mini")
            error = talk.refusal()
            house.vendor.release()
            assert said(talk.until("done")) == " it again"
        house.vendor.hold()

        assert (error["code"], error["param"]) == ("id_in_use", "id")

    @pytest.mark.parametrize("model", ["gpt-4o-mini", "status-400"])
    def test_an_id_is_free_again_after_its_end(self, house: House, model: str) -> None:
        with talking(house) as talk:
            for _ in range(5):
                assert talk.answer("c1", model)[-1]["type"] == ("done" if model == "gpt-4o-mini" else "error")

    def test_beyond_the_most_the_socket_takes_no_more_and_closes_after_the_last_answer(self, house: House) -> None:
        """What runs is paid for, and comes to its end."""
        with talking(house) as talk:
            for number in range(64):
                talk.ask(f"c{number}", "gate")
            for _ in range(64):
                assert talk.hear()["type"] == "chunk"
            talk.ask("one-more", "gpt-4o-mini")
            error = talk.hear()
            talk.ask("another", "gpt-4o-mini")
            assert talk.refusal()["code"] == "too_many_generations"
            house.vendor.release()
            ended = [heard["id"] for heard in talk.rest() if heard["type"] == "done"]
            assert talk.line.close_code == 4429
        house.vendor.hold()

        assert (error["id"], error["error"]["code"]) == ("one-more", "too_many_generations")
        assert sorted(ended) == sorted(f"c{number}" for number in range(64))


class TestCancelling:
    @pytest.mark.parametrize("model", ["stall-first", "stall-mid"])
    def test_it_closes_the_upstream_and_is_written_down(self, served: House, model: str) -> None:
        text = f"Are you there, {uuid4()}?"
        with talking(served) as talk:
            talk.ask("c1", model, text)
            served.vendor.wait_for(lambda: any(text.encode() in one.body for one in served.vendor.requests))
            if model == "stall-mid":
                talk.hear()
            talk.say(type="cancel", id="c1")
            cancelled = talk.hear()
            received = served.received(text)
            served.vendor.wait_for(lambda: received.outcome == "aborted", PROMPTLY)
            assert said(talk.answer("c1", "words-20")) == WORDS

        assert cancelled == {"type": "cancelled", "id": "c1", "generation_id": received.id}
        row = served.row(received.id or "")
        assert (row["status"], row["surface"], row["usage_estimated"]) == ("cancelled", "websocket", True)
        assert (row["completion_tokens"] > 0) is (model == "stall-mid")
        assert row["cost"] > 0

    def test_in_the_same_breath_as_the_question(self, house: House) -> None:
        with talking(house) as talk:
            for number in range(20):
                talk.ask(f"c{number}", "stall-first")
                talk.say(type="cancel", id=f"c{number}")
            assert [talk.hear()["type"] for _ in range(20)] == ["cancelled"] * 20

    def test_others_go_on(self, house: House) -> None:
        with talking(house) as talk:
            talk.ask("c1", "stall-mid")
            talk.ask("c2", "words-2000+gap-5ms")
            talk.until("chunk", name="c2")
            talk.say(type="cancel", id="c1")
            talk.until("cancelled", name="c1")
            assert talk.until("chunk", name="c2")

    def test_an_id_that_nothing_runs_under_is_told(self, house: House) -> None:
        with talking(house) as talk:
            talk.answer("c1", "gpt-4o-mini")
            talk.say(type="cancel", id="c1")
            heard = talk.hear()

        assert (heard["id"], heard["error"]["code"], heard["error"]["param"]) == ("c1", "generation_not_found", "id")


class TestFaults:
    @pytest.mark.parametrize(
        ("model", "code", "source"),
        [
            ("status-500", "provider_broken", "provider"),
            ("no-such-model", "model_not_found", "gateway"),
            ("narrow", "context_length_exceeded", "gateway"),
        ],
    )
    def test_before_the_first_content(self, served: House, model: str, code: str, source: str) -> None:
        with talking(served) as talk:
            (heard,) = talk.answer("c1", model, "word " * 300)
            assert said(talk.answer("c2", "words-20")) == WORDS

        assert heard.keys() == {"type", "id", "error"}
        error = heard["error"]
        assert (error["code"], error["source"]) == (code, source)
        assert error.keys() == served.ask(NATIVE, model, "word " * 300).json()["error"].keys()
        row = served.row(error["request_id"])
        assert (row["surface"], row["error_code"], row["cost"]) == ("websocket", code, 0)

    def test_after_it(self, house: House) -> None:
        with talking(house) as talk:
            *chunks, heard = talk.answer("c1", "cut-inside")

        assert said(chunks) == "Say it again"
        assert heard["error"]["code"] == "provider_broken"
        assert heard["error"]["request_id"] == chunks[0]["generation_id"]
        assert house.row(chunks[0]["generation_id"])["status"] == "incomplete"

    @pytest.mark.parametrize("model", ["two-doors", "falls-back"])
    def test_nothing_is_heard_of_a_first_choice_that_failed(self, house: House, model: str) -> None:
        with talking(house) as talk:
            *chunks, done = talk.answer("c1", model)

        assert said(chunks) == WORDS
        assert done["response"]["metadata"]["fallback_used"] is True

    def test_a_limit_is_told_with_its_figures(self, house: House) -> None:
        with talking(house, "limited-talk") as talk:
            ends = [talk.answer("c1", "gpt-4o-mini")[-1] for _ in range(3)]

        assert [end["type"] for end in ends] == ["done", "done", "error"]
        error = ends[-1]["error"]
        assert (error["code"], error["limit"]["max"]) == ("rate_limited", 2)
        assert error["retry_after"] > 0


class TestPings:
    def test_a_ping_is_answered_with_its_id(self, served: House) -> None:
        with talking(served) as talk:
            talk.say(type="ping", id="p1")
            talk.say(type="ping")
            assert [talk.hear(), talk.hear()] == [{"type": "pong", "id": "p1"}, {"type": "pong", "id": None}]

    def test_a_ping_of_the_protocol_is_answered_too(self, served: House) -> None:
        with talking(served) as talk:
            assert talk.line.ping(b"there?").wait(5)


def test_a_question_that_is_wrong_names_the_field_as_over_http(house: House) -> None:
    asked = question("gpt-4o-mini", options={"temperature": 9})
    with talking(house) as talk:
        talk.say(type="generate", id="c1", request=asked)
        heard = talk.hear()

    over_http = house.post(NATIVE, asked).json()["error"]
    assert heard["id"] == "c1"
    assert {**heard["error"], "request_id": ""} == {**over_http, "request_id": ""}
    assert heard["error"]["param"] == "options.temperature"
