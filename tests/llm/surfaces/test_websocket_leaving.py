"""Clients of the socket that leave, stall or are told to go: upstreams close, rows are right, nothing piles up."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Literal
from uuid import uuid4

import pytest

from config import env
from tests.llm.surfaces.house import House, question
from tests.llm.surfaces.registry import KEYS, registry
from tests.llm.surfaces.talk import Talk, address, dialled, talking
from tests.llm.surfaces.test_leaving import PROMPTLY, assert_aborted, memory
from tests.llm.surfaces.wire import Manner, leave, read_until, send
from tests.serving import serving
from tests.upstream.received import Received

KILLED = """
import json, sys, time
from websockets.sync.client import connect
line = connect(sys.argv[1], additional_headers={"Authorization": f"Bearer {sys.argv[2]}"}, compression=None)
line.recv()
line.send(sys.argv[3])
line.recv()
print("heard", flush=True)
time.sleep(60)
"""
HANDSHAKE = (
    "GET /ws/v1/generate/ HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer %s\r\n\r\n"
)


@pytest.fixture
def sockets(house: House) -> Iterator[None]:
    """In the end the vendor has no more connections than before."""
    before = house.vendor.open_sockets
    yield
    house.vendor.wait_for(lambda: house.vendor.open_sockets <= before, PROMPTLY)


def asked(talk: Talk, house: House, model: str, name: str = "c1") -> Received:
    """A question that has reached the vendor."""
    text = f"Are you there, {uuid4()}?"
    talk.ask(name, model, text)
    house.vendor.wait_for(lambda: any(text.encode() in one.body for one in house.vendor.requests))
    return house.received(text)


@pytest.mark.usefixtures("sockets")
class TestLeaving:
    @pytest.mark.parametrize("manner", ["close", "reset", "half-close", "goodbye"])
    @pytest.mark.parametrize("model", ["stall-first", "stall-mid"])
    def test_ends_every_answer_on_its_way(self, served: House, model: str, manner: Manner | Literal["goodbye"]) -> None:
        with talking(served) as talk:
            received = [asked(talk, served, model, name) for name in ("c1", "c2")]
            if model == "stall-mid":
                assert {talk.hear()["id"], talk.hear()["id"]} == {"c1", "c2"}
            go(talk, manner)
            rows = [assert_aborted(served, one) for one in received]

        for row in rows:
            assert (row["status"], row["surface"], row["streamed"]) == ("cancelled", "websocket", True)
            assert (row["prompt_tokens"] > 0, row["usage_estimated"]) == (True, True)
            assert (row["completion_tokens"] > 0) is (model == "stall-mid")
            assert row["cost"] > 0

    def test_in_the_flow_of_words_is_charged_for_what_was_said(self, served: House) -> None:
        with talking(served) as talk:
            received = asked(talk, served, "words-2000+gap-5ms")
            for _ in range(20):
                talk.hear()
            go(talk, "reset")
            row = assert_aborted(served, received)

        assert row["status"] == "cancelled"
        assert 20 <= row["completion_tokens"] < 2_000

    def test_by_being_killed_is_leaving_too(self, house: House) -> None:
        text = f"Are you there, {uuid4()}?"
        message = json.dumps({"type": "generate", "id": "c1", "request": question("stall-mid", text)})
        command = [sys.executable, "-c", KILLED, address(house), KEYS["main"], message]
        client = subprocess.Popen(command, cwd=env.ROOT, stdout=subprocess.PIPE, text=True)
        assert client.stdout is not None
        assert client.stdout.readline() == "heard\n"
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        client.stdout.close()

        assert assert_aborted(house, house.received(text))["status"] == "cancelled"

    def test_before_there_was_a_key_is_nothing(self, served: House) -> None:
        with dialled(served) as talk:
            go(talk, "reset")
        with dialled(served):
            pass


def go(talk: Talk, manner: Manner | Literal["goodbye"]) -> None:
    """The library's thread waits on the socket and closes it at its end, in the manner that was set."""
    line = talk.line.socket
    if manner == "goodbye":
        talk.line.close()
    elif manner == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RD)
    else:
        line.shutdown(socket.SHUT_WR if manner == "half-close" else socket.SHUT_RDWR)


class TestASlowReader:
    def test_holds_up_nobody_and_fills_no_memory(self, house: House) -> None:
        """The vendor has 64 MB to say; what is not read stays with it."""
        before = memory(house)
        with closing(bare(house, "huge-64mb")) as line:
            read_until(line, b'"chunk"')
            with talking(house) as talk:
                for number in range(20):
                    assert talk.answer(f"c{number}", "gpt-4o-mini")[-1]["type"] == "done"
            assert memory(house) - before < 24 * 1024
            leave(line, "close")

    def test_gets_everything(self, house: House) -> None:
        with talking(house) as slow, talking(house) as talk:
            received = asked(slow, house, "huge-16mb")
            for number in range(5):
                assert talk.answer(f"c{number}", "gpt-4o-mini")[-1]["type"] == "done"
            *chunks, done = slow.until("done")

        assert sum(len(chunk["delta"]) for chunk in chunks) == len(done["response"]["content"]) > 16 * 1024 * 1023
        assert house.row(received.id or "")["status"] == "ok"

    def test_may_still_cancel(self, house: House) -> None:
        with talking(house, max_queue=1) as talk:
            received = asked(talk, house, "huge-64mb")
            talk.hear()
            talk.say(type="cancel", id="c1")
            row = assert_aborted(house, received)
            assert talk.until("cancelled")

        assert row["status"] == "cancelled"


def bare(house: House, model: str) -> socket.socket:
    """A socket that asked, and reads only what it is made to."""
    line = send(house, (HANDSHAKE % KEYS["main"]).encode())
    read_until(line, b"ready")
    line.sendall(masked(json.dumps({"type": "generate", "id": "c1", "request": question(model)}).encode()))
    return line


def masked(text: bytes) -> bytes:
    """A frame of text as a client sends it."""
    return b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, house: House) -> Iterator[House]:
    """An installation to stop and start."""
    with serving(tmp_path_factory.mktemp("second") / "var", GRACE_SECONDS="3") as installed:
        installed.apply(registry(house.vendor.base_url))
        yield House(installed, house.vendor, house.client)
        assert "Traceback" not in installed.log.read_text()


class TestGoingAway:
    @pytest.fixture
    def leaving(self, second: House) -> House:
        second.serving.start()
        return second

    def test_idle_sockets_close_and_answers_come_to_their_end(self, leaving: House) -> None:
        with talking(leaving) as idle, talking(leaving) as busy:
            busy.ask("c1", "gate")
            assert busy.hear()["type"] == "chunk"
            stop(leaving)
            assert idle.code() == 1001
            busy.ask("c2", "gpt-4o-mini")
            refused = busy.refusal()
            leaving.vendor.release()
            *_, done = busy.rest()
            assert busy.line.close_code == 1001
        leaving.vendor.hold()

        assert (refused["code"], refused["type"]) == ("going_away", "unavailable")
        assert done["type"] == "done"
        assert ended(leaving) == 0
        assert leaving.row(done["generation_id"])["status"] == "ok"

    def test_what_does_not_end_in_time_is_told_and_written_down(self, leaving: House) -> None:
        with talking(leaving) as talk:
            received = asked(talk, leaving, "stall-mid")
            talk.hear()
            stop(leaving)
            (heard,) = talk.rest()
            assert talk.line.close_code == 1001
            leaving.vendor.wait_for(lambda: received.outcome == "aborted", PROMPTLY)

        assert (heard["type"], heard["id"], heard["error"]["code"]) == ("error", "c1", "going_away")
        assert heard["error"]["request_id"] == received.id
        assert ended(leaving) == 0
        row = leaving.row(received.id or "")
        assert (row["status"], row["error_code"], row["completion_tokens"] > 0) == ("incomplete", "going_away", True)

    def test_a_socket_without_a_key_yet_is_told(self, leaving: House) -> None:
        with dialled(leaving) as silent:
            stop(leaving)
            assert silent.refusal()["code"] == "going_away"
            assert silent.code() == 1001
        assert ended(leaving) == 0

    def test_a_socket_opened_while_it_drains_is_told_to_go_elsewhere(self, second: House) -> None:
        second.serving.environment["DRAIN_SECONDS"] = "30"
        second.serving.start()
        assert second.client.get(f"{second.url}/healthz").status_code == 200
        stop(second)
        second.vendor.wait_for(lambda: second.client.get(f"{second.url}/readyz").status_code == 503)
        with dialled(second, additional_headers={"x-api-key": KEYS["main"]}) as talk:
            assert talk.refusal()["code"] == "going_away"
            assert talk.code() == 1001
        stop(second)
        assert ended(second) == 0


def stop(house: House) -> None:
    assert house.serving.process is not None
    house.serving.process.send_signal(signal.SIGTERM)


def ended(house: House) -> int:
    assert house.serving.process is not None
    return house.serving.process.wait(10)
