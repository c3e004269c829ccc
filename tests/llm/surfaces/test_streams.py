"""Streams on real sockets: what leaves when, byte by byte, and what a client hears of faults and of second choices."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.llm.surfaces.house import NATIVE, OPENAI, PATHS, House, frames, question
from tests.llm.surfaces.wire import dial, read_until

WORDS = "".join(f" word{number}" for number in range(1, 21)).strip()


def said(path: str, text: str) -> str:
    """The words in the frames of a stream."""
    found = [data for name, data in frames(text) if name in ("", "chunk") and isinstance(data, dict)]
    if path == NATIVE:
        return "".join(data["delta"] for data in found)
    return "".join(choice["delta"].get("content") or "" for data in found for choice in data.get("choices", []))


@pytest.fixture
def gate(house: House) -> Iterator[None]:
    yield
    house.vendor.hold()


@pytest.mark.parametrize("path", PATHS.values())
def test_headers_keep_every_proxy_from_holding_it_back(house: House, path: str) -> None:
    headers = house.ask(path, "gpt-4o-mini", stream=True).headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in headers
    assert headers["x-request-id"] == headers["request-id"]


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("model", ["gate-first", "gate-body", "gate+after-0"])
def test_the_status_line_waits_for_the_first_content(house: House, path: str, model: str) -> None:
    """Not even the vendor's own status line, or a frame with nothing but a role, lets ours go."""
    text = f"What now, {uuid4()}?"
    with closing(dial(house, path, question(model, text, stream=True))) as line:
        house.vendor.wait_for(lambda: any(text.encode() in one.body for one in house.vendor.requests))
        assert house.ask(path, "gpt-4o-mini", stream=True).status_code == 200
        assert_silent(line)

        house.vendor.release()
        assert read_until(line, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def assert_silent(line: socket.socket) -> None:
    line.setblocking(False)
    with pytest.raises(BlockingIOError):
        line.recv(1)
    line.setblocking(True)
    line.settimeout(10)


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("path", PATHS.values())
def test_a_word_leaves_when_it_comes(house: House, path: str) -> None:
    with closing(dial(house, path, question("gate", stream=True))) as line:
        assert b'"Say"' in read_until(line, b'"Say"')
        assert house.ask(path, "gpt-4o-mini", stream=True).status_code == 200
        assert_silent(line)

        house.vendor.release()
        assert b'" again"' in read_until(line, b"DONE]" if path == OPENAI else b'"done":true')


class TestBytes:
    """Frames, byte for byte."""

    def test_openai(self, house: House) -> None:
        answer = house.ask(OPENAI, "gpt-4o-mini", stream=True)

        created = frames(answer.text)[0][1]["created"]
        head = (
            f'data: {{"id":"{answer.headers["x-request-id"]}","object":"chat.completion.chunk","created":{created},'
            '"model":"gpt-4o-mini","system_fingerprint":"fp_upstream","service_tier":"default",'
            '"choices":[{"index":0,"delta":'
        )
        deltas = ['{"role":"assistant","content":"","refusal":null}', *words('{"content":%s}')]
        expected = [f'{head}{delta},"logprobs":null,"finish_reason":null}}]}}\n\n' for delta in deltas]
        expected += [f'{head}{{}},"logprobs":null,"finish_reason":"stop"}}]}}\n\n', "data: [DONE]\n\n"]
        assert sorted_fields(answer.text) == sorted_fields("".join(expected))

    def test_native(self, house: House) -> None:
        answer = house.ask(NATIVE, "gpt-4o-mini", stream=True)

        name = answer.headers["x-request-id"]
        *chunks, done, nothing = answer.text.split("\n\n")
        assert [f"{chunk}\n\n" for chunk in chunks] == [
            f'event: chunk\ndata: {{"id":"{name}","index":{index},"delta":{word}}}\n\n'
            for index, word in enumerate(words("%s"))
        ]
        event, _, data = done.partition("\ndata: ")
        whole = orjson.loads(data)
        assert (event, nothing) == ("event: done", "")
        assert data == orjson.dumps(whole).decode()
        assert whole["done"] is True
        assert whole.keys() - {"done"} == house.ask(NATIVE, "gpt-4o-mini").json().keys()
        assert (whole["id"], whole["content"], whole["usage"]["total_tokens"]) == (name, "Say it again", 6)

    @pytest.mark.parametrize("kind", ["reasoning", "refusal"])
    def test_native_thoughts_and_refusals(self, house: House, kind: str) -> None:
        """They are chunks like others, with a `delta` that says nothing."""
        *chunks, done = [data for _, data in frames(house.ask(NATIVE, kind, stream=True).text)]

        assert [chunk["index"] for chunk in chunks] == list(range(len(chunks)))
        assert all(isinstance(chunk["delta"], str) for chunk in chunks)
        assert "".join(chunk.get(f"{kind}_delta", "") for chunk in chunks) == done[kind]

    def test_native_calls(self, house: House) -> None:
        tools = {"tools": [{"name": "get_weather"}]}

        *chunks, done = [data for _, data in frames(house.ask(NATIVE, "tool", stream=True, options=tools).text)]

        assert {chunk["delta"] for chunk in chunks} == {""}
        first, *others = [chunk["tool_call_delta"] for chunk in chunks]
        (call,) = done["tool_calls"]
        assert (first["index"], first["id"], first["name"]) == (0, call["id"], "get_weather")
        assert {tuple(piece) for piece in others} == {("index", "arguments")}
        assert first["arguments"] + "".join(piece["arguments"] for piece in others) == call["arguments"]


def words(form: str) -> list[str]:
    return [form % word for word in ('"Say"', '" it"', '" again"')]


def sorted_fields(text: str) -> list[bytes]:
    """Frames as bytes, whatever the order in which the vendor's own fields stand."""
    return [
        line.encode() if line[:7] != "data: {" else orjson.dumps(orjson.loads(line[6:]), option=orjson.OPT_SORT_KEYS)
        for line in text.split("\n")
    ]


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("model", ["one-write", "drip", "crlf+comments+names", "multiline", "until-close", "no-done"])
def test_however_the_vendor_lays_it_out_the_words_are_the_same(house: House, path: str, model: str) -> None:
    assert said(path, house.ask(path, model, stream=True).text) == "Say it again"


class TestFaults:
    @pytest.mark.parametrize("path", PATHS.values())
    @pytest.mark.parametrize(
        ("model", "status"),
        [("status-500", 502), ("status-503", 503), ("cut+after-0", 502), ("empty-200", 502), ("tardy", 504)],
    )
    def test_before_the_first_content_they_have_a_status_of_their_own(
        self, house: House, path: str, model: str, status: int
    ) -> None:
        answer = house.ask(path, model, stream=True)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
        error = answer.json()["error"]
        assert error["source"] == "provider"
        row = house.row(error["request_id"])
        assert (row["status"], row["http_status"], row["cost"]) == ("error", status, 0)

    @pytest.mark.parametrize("path", PATHS.values())
    def test_after_it_they_are_told_in_the_stream_which_has_no_end_mark(self, house: House, path: str) -> None:
        before = house.vendor.models["words-20"]

        answer = house.ask(path, "cut-inside", stream=True)

        assert answer.status_code == 200
        assert said(path, answer.text) == "Say it again"
        (*_, (name, last)) = frames(answer.text)
        assert name == ("error" if path == NATIVE else "")
        assert last.keys() == {"error"}
        assert (last["error"]["code"], last["error"]["source"]) == ("provider_broken", "provider")
        assert last["error"]["request_id"] == answer.headers["x-request-id"]
        assert "[DONE]" not in answer.text
        assert "event: done" not in answer.text
        assert house.vendor.models["words-20"] == before
        row = house.row(answer.headers["x-request-id"])
        assert (row["status"], row["error_code"], row["completion_tokens"]) == ("incomplete", "provider_broken", 3)
        assert row["cost"] > 0

    @pytest.mark.parametrize("path", PATHS.values())
    def test_the_line_serves_the_next_request(self, house: House, path: str) -> None:
        """An error in a stream ends the answer, not the connection."""
        answer = house.ask(path, "cut-inside", stream=True)

        line = answer.extensions["network_stream"].get_extra_info("client_addr")
        later = house.ask(path, "gpt-4o-mini")
        assert later.extensions["network_stream"].get_extra_info("client_addr") == line


class TestSecondChoices:
    @pytest.mark.parametrize("path", PATHS.values())
    @pytest.mark.parametrize("model", ["two-doors", "two-doors-cut", "falls-back"])
    def test_a_client_hears_nothing_of_the_first(self, house: House, path: str, model: str) -> None:
        answer = house.ask(path, model, stream=True)

        assert answer.status_code == 200
        assert said(path, answer.text) == WORDS
        assert answer.headers["x-gatehouse-attempts"] == "2"
        told: list[Any] = [data for _, data in frames(answer.text) if isinstance(data, dict)]
        assert {data["id"] for data in told} == {answer.headers["x-request-id"]}
        if path == OPENAI:
            assert {data["model"] for data in told} == {"words-20"}
            assert answer.text.count('"role"') == 1
        else:
            assert [data["index"] for data in told[:-1]] == list(range(20))

    @pytest.mark.parametrize(
        ("model", "provider", "name"),
        [("two-doors", "spare", "two-doors"), ("falls-back", "fake", "words-20")],
    )
    def test_headers_tell_who_answered(self, house: House, model: str, provider: str, name: str) -> None:
        headers = house.ask(NATIVE, model, stream=True).headers

        assert (headers["x-gatehouse-provider"], headers["x-gatehouse-model"]) == (provider, name)
