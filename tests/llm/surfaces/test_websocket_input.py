"""Whatever is sent over a socket: an error names the field and the socket stays open, unless the protocol broke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.llm.surfaces.house import House, question
from tests.llm.surfaces.talk import Talk, dialled, talking

ASK = {"type": "generate", "id": "c1", "request": question("gpt-4o-mini")}
MEGABYTE = 1024 * 1024


@pytest.fixture
def talk(served: House) -> Iterator[Talk]:
    """A socket that still serves when the test is over."""
    with talking(served) as opened:
        yield opened
        assert opened.answer("after", "gpt-4o-mini")[-1]["type"] == "done"


class TestAMessage:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "malformed_body"),
            ("ping", "malformed_body"),
            ('{"type": "ping"', "malformed_body"),
            ('{"type": "ping"} {"type": "ping"}', "malformed_body"),
            ("[]", "malformed_body"),
            ("null", "malformed_body"),
            ('"ping"', "malformed_body"),
            ('{"type": "ping", "type": "ping"}', "duplicate_key"),
            ('{"type": "ping", "id": "\\ud800"}', "malformed_body"),
            ('{"type": "ping", "a": ' + "[" * 70 + "]" * 70 + "}", "body_too_deep"),
            ('{"type": "ping", "a": ' + "[" * 100_000 + "]" * 100_000 + "}", "body_too_deep"),
        ],
        ids=range(11),
    )
    def test_that_is_no_json_object(self, talk: Talk, text: str, code: str) -> None:
        talk.line.send(text)
        heard = talk.hear()

        assert (heard["type"], heard["id"], heard["error"]["code"]) == ("error", None, code)
        assert heard["error"]["type"] == "invalid_request"
        assert heard["error"]["request_id"].startswith("gen_")

    def test_that_is_binary(self, talk: Talk) -> None:
        talk.line.send(json.dumps(ASK).encode())
        assert talk.refusal()["code"] == "binary_message"

    @pytest.mark.parametrize(
        ("message", "param"),
        [
            ({"id": "c1"}, "type"),
            ({"type": None}, "type"),
            ({"type": 7}, "type"),
            ({"type": "shout", "id": "c1"}, "type"),
            ({"type": ["generate"]}, "type"),
            (ASK | {"id": None}, "id"),
            (ASK | {"id": ""}, "id"),
            (ASK | {"id": 7}, "id"),
            (ASK | {"id": {}}, "id"),
            (ASK | {"id": "x" * 257}, "id"),
            ({"type": "generate", "id": "c1"}, "request"),
            (ASK | {"request": None}, "request"),
            (ASK | {"request": "hello"}, "request"),
            (ASK | {"request": []}, "request"),
            (ASK | {"more": 1}, "more"),
            (ASK | {"request": {}}, "messages"),
            (ASK | {"request": question("gpt-4o-mini", colour="red")}, "colour"),
            (ASK | {"request": question("gpt-4o-mini", options={"n": 0})}, "options.n"),
            ({"type": "cancel"}, "id"),
            ({"type": "cancel", "id": "c1", "why": "?"}, "why"),
            ({"type": "ping", "id": 1}, "id"),
            ({"type": "ping", "data": "?"}, "data"),
        ],
        ids=str,
    )
    def test_whose_field_is_wrong(self, talk: Talk, message: dict[str, Any], param: str) -> None:
        talk.say(**message)
        heard = talk.hear()

        name = message.get("id")
        assert heard["id"] == (name if isinstance(name, str) and len(name) < 257 else None)
        assert heard["error"]["param"] == param
        assert heard["error"]["code"] in ("invalid_field", "unknown_field")

    def test_with_the_longest_id(self, talk: Talk) -> None:
        assert talk.answer("x" * 256, "gpt-4o-mini")[-1]["type"] == "done"

    def test_with_strange_ids(self, talk: Talk) -> None:
        for name in ("\u4e16\u754c", "\0", '"', " ", "c1\r\nc2", "__proto__"):
            assert talk.answer(name, "gpt-4o-mini")[-1]["type"] == "done"

    def test_thousands_of_bad_ones_are_each_answered(self, house: House) -> None:
        with talking(house) as talk:
            for _ in range(2_000):
                talk.line.send("?")
            assert {talk.refusal()["code"] for _ in range(2_000)} == {"malformed_body"}


class TestFragments:
    def test_of_one_letter_each(self, talk: Talk) -> None:
        talk.line.send(iter('{"type": "ping", "id": "p1"}'))
        assert talk.hear() == {"type": "pong", "id": "p1"}

    def test_that_are_empty(self, talk: Talk) -> None:
        talk.line.send(iter(["", '{"type": "ping"', *repeat("", 1_000), ', "id": "p1"}', ""]))
        assert talk.hear() == {"type": "pong", "id": "p1"}

    def test_that_tear_a_letter_apart(self, talk: Talk) -> None:
        whole = '{"type": "ping", "id": "\u4e16"}'.encode()
        talk.line.send((whole[place : place + 1] for place in range(len(whole))), text=True)
        assert talk.hear() == {"type": "pong", "id": "\u4e16"}

    def test_with_a_ping_between_them(self, house: House) -> None:
        with talking(house) as talk:

            def pieces() -> Iterator[str]:
                yield '{"type": "ping", '
                assert talk.line.ping().wait(5)
                yield '"id": "p1"}'

            talk.line.send(pieces())
            assert talk.hear() == {"type": "pong", "id": "p1"}


class TestTheProtocolBroken:
    def test_text_that_is_none(self, house: House) -> None:
        with talking(house) as talk:
            talk.line.send(b'{"type": "ping", "id": "\xff"}', text=True)
            assert talk.code() == 1007

    def test_fragments_that_are_no_text_together(self, house: House) -> None:
        with talking(house) as talk:
            talk.line.send([b'{"type": "ping", "id": "\xe4', b'\xb8"}'], text=True)
            assert talk.code() == 1007

    def test_a_message_that_is_too_large(self, house: House) -> None:
        with talking(house) as talk:
            send_until_cut(talk, " " * (32 * MEGABYTE + 1))
            assert talk.line.close_code == 1009

    def test_fragments_that_are_too_large_together(self, house: House) -> None:
        with talking(house) as talk:
            send_until_cut(talk, repeat(" " * MEGABYTE, 40))
            assert talk.line.close_code == 1009

    def test_before_there_is_a_key(self, house: House) -> None:
        with dialled(house) as talk:
            send_until_cut(talk, repeat(" " * MEGABYTE, 40))
            assert talk.line.close_code == 1009

    @pytest.mark.parametrize(
        "frame",
        [b"\x81\x04ping", b"\x83\x80abcd", b"\xc1\x80abcd", b"\x80\x80abcd", b"\x89\xfe\x01\x00abcd" + b"a" * 256],
        ids=["unmasked", "unknown opcode", "reserved bit", "nothing to continue", "a long ping"],
    )
    def test_a_frame_that_is_none(self, house: House, frame: bytes) -> None:
        with talking(house) as talk:
            talk.line.socket.sendall(frame)
            assert talk.code() == 1002


def send_until_cut(talk: Talk, message: Any) -> None:
    with suppress(ConnectionClosed):
        talk.line.send(message)
    assert talk.rest() == []


def test_a_message_as_long_as_over_http_is_read(house: House) -> None:
    with talking(house) as talk:
        talk.say(type="ping", id="x" * 31 * MEGABYTE)
        assert talk.refusal()["param"] == "id"
