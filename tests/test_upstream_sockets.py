"""The fake vendor keeps its promises on the socket, and counts what it sees there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx2
import pytest

from tests.upstream import Upstream
from tests.upstream.asking import deltas, dial, drain, events, post, question, until, until_silent


def test_a_clean_early_end_has_a_valid_end_and_no_finish_reason(upstream: Upstream) -> None:
    last = events(post(upstream, "early-end+after-2", stream=True))[-1]["choices"][0]
    assert (last["delta"], last["finish_reason"]) == ({"content": " it"}, None)

    with dial(upstream, "early-end", stream=True) as raw:
        assert until(raw, b"0\r\n\r\n").endswith(b"0\r\n\r\n")
    with pytest.raises(json.JSONDecodeError):
        post(upstream, "early-end").json()


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_ends_within_a_chunk(upstream: Upstream, stream: bool) -> None:
    with dial(upstream, "cut", stream=stream) as raw:
        got = drain(raw)

    assert b'{"content": "Say"}' in got or not stream
    assert not got.endswith((b"\r\n", b"}"))
    assert upstream.received[-1].outcome == "broken"


@pytest.mark.parametrize("stream", [False, True])
def test_a_reset_is_a_reset_after_what_was_said(upstream: Upstream, stream: bool) -> None:
    with dial(upstream, "reset-first", stream=stream) as raw, pytest.raises(ConnectionResetError):
        raw.recv(1)

    with dial(upstream, "reset-mid", stream=stream) as raw:
        raw.recv(1)
        upstream.wait_for(lambda: upstream.received[-1].outcome == "broken")
        assert (b'"content": "Say"' if stream else b"chatcmpl-") in raw.recv(65_536)
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


async def test_a_client_has_the_time_to_read_what_came_before_a_reset(upstream: Upstream) -> None:
    asked = question("reset-mid", stream=True)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{upstream.base_url}/chat/completions", json=asked) as answer,
    ):
        got = await answer.content.readuntil(b'"Say"')
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()

    assert got.endswith(b'{"content": "Say"')


@pytest.mark.parametrize("stream", [False, True])
def test_a_close_is_no_reset(upstream: Upstream, stream: bool) -> None:
    with dial(upstream, "fin-first", stream=stream) as raw:
        assert drain(raw) == b""
    with dial(upstream, "fin-after", stream=stream) as raw:
        assert drain(raw).startswith(b"HTTP/1.1 200 OK")
    upstream.wait_for(lambda: upstream.completed == 1)


def test_a_stall_keeps_the_socket_until_the_client_leaves(upstream: Upstream) -> None:
    for word, seen in [("stall-first", b""), ("stall-body", b"event-stream"), ("stall-mid", b"Say")]:
        with dial(upstream, word, stream=True) as raw:
            got = until_silent(raw)
            assert seen in got
            assert b"again" not in got
            assert upstream.open_sockets == 1
        upstream.wait_for(lambda: upstream.open_sockets == 0)

    assert upstream.aborts == 3


def test_bytes_drip_and_letters_are_torn(upstream: Upstream) -> None:
    with dial(upstream, "drip-1ms") as raw:
        assert len(raw.recv(65_536)) < 5
        assert b"chatcmpl-" in until(raw, b"}}}")

    with dial(upstream, "utf8-split+foreign", stream=True) as raw:
        assert b"Gr\xc3\r\n" in until(raw, b"0\r\n\r\n")
    torn = post(upstream, "utf8-split+foreign", stream=True)
    assert "".join(delta.get("content", "") for delta in deltas(torn)).startswith("Grüße aus Zürich, 世界 und 👩‍🚀")


def test_pauses_come_where_they_were_asked_for(upstream: Upstream) -> None:
    with httpx2.stream("POST", f"{upstream.base_url}/chat/completions", json=question("slow-body-50ms")) as answer:
        began = time.monotonic()
        answer.read()
        assert time.monotonic() - began > 0.04
    began = time.monotonic()
    post(upstream, "slow-first-50ms+gap-20ms", stream=True)
    assert time.monotonic() - began > 0.085


def test_answers_may_be_huge(upstream: Upstream) -> None:
    assert len(post(upstream, "huge-3mb").content) > 3 << 20
    assert len(post(upstream, "huge-3mb", stream=True).content) > 3 << 20
    line = max(post(upstream, "line-1mb", stream=True).text.split("\n"), key=len)
    assert len(line) > 1 << 20


@pytest.mark.parametrize("word", ["gate", "gate-first", "gate-body"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_is_seen_at_once(upstream: Upstream, word: str, stream: bool) -> None:
    raw = dial(upstream, word, stream=stream)
    upstream.wait_for(lambda: upstream.served == 1)
    assert (upstream.open_sockets, upstream.aborts) == (1, 0)

    raw.close()
    upstream.wait_for(lambda: upstream.aborts == 1, timeout=1)
    upstream.wait_for(lambda: upstream.open_sockets == 0, timeout=1)


def test_a_client_that_leaves_within_a_big_body_is_seen(upstream: Upstream) -> None:
    raw = dial(upstream, "huge-9mb")
    raw.recv(1)
    raw.close()

    upstream.wait_for(lambda: upstream.aborts == 1)


def test_requests_are_kept_and_counted(upstream: Upstream) -> None:
    post(upstream, "gpt-4o", {"x-client-request-id": "gen_1", "Authorization": "Bearer sk-x"})
    post(upstream, "status-500", {"x-client-request-id": "gen_2"})
    httpx2.get(f"{upstream.base_url}/models")

    assert upstream.ids == ["gen_1", "gen_2", None]
    assert upstream.models == {"gpt-4o": 1, "status-500": 1}
    assert upstream.paths == {"/v1/chat/completions": 2, "/v1/models": 1}
    first = upstream.requests[0]
    assert (first.key, first.json["model"], first.headers["content-type"]) == ("sk-x", "gpt-4o", "application/json")


def test_connections_are_kept_alive_and_old_bodies_forgotten(upstream: Upstream) -> None:
    with httpx2.Client() as client:
        for number in range(101):
            headers = {"x-client-request-id": str(number)}
            client.post(f"{upstream.base_url}/chat/completions", json=question("gpt-4o"), headers=headers)
        assert (upstream.open_sockets, upstream.peak_sockets) == (1, 1)

    assert upstream.received[0].body == b""
    assert upstream.received[1].body != b""
    assert upstream.ids == [str(number) for number in range(101)]


def test_the_vendors_key_chooses_where_no_model_is_named(upstream: Upstream) -> None:
    key = {"authorization": "Bearer sk-play-status-401"}

    assert httpx2.get(f"{upstream.base_url}/models", headers=key).status_code == 401
    assert httpx2.get(f"{upstream.base_url}/models/gpt-4o").json()["id"] == "gpt-4o"
    assert httpx2.get(f"{upstream.base_url}/models/nobodys").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"model": "gpt-4o", "messages": []}',
        b'{"model": "gpt-4o", "messages": [{"role": "nobody"}]}',
        b'{"model": "gpt-4o", "messages": [{"role": "tool", "tool_call_id": "x", "content": ""}]}',
        b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "a"}], "stream_options": {}, "tools": 5}',
        b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "a"}], "stream_options": {"include_usage": 1}}',
        b'{"model": "gpt-4o+misspelt", "messages": [{"role": "user", "content": "a"}]}',
    ],
)
def test_what_openai_refuses_is_refused(upstream: Upstream, body: bytes) -> None:
    assert httpx2.post(f"{upstream.base_url}/chat/completions", content=body).status_code == 400


def test_a_stopped_vendor_comes_back_with_its_port_and_counts() -> None:
    with Upstream() as upstream:
        post(upstream, "gpt-4o")
        upstream.stop()
        with pytest.raises(httpx2.ConnectError):
            post(upstream, "gpt-4o")
        upstream.start()
        assert post(upstream, "gpt-4o").status_code == 200
        assert upstream.served == 2


def test_a_wait_in_vain_tells_the_counts(upstream: Upstream) -> None:
    post(upstream, "gpt-4o")
    with pytest.raises(TimeoutError, match="'served': 1"):
        upstream.wait_for(lambda: upstream.served == 2, timeout=0.01)


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()


def test_the_process_logs_each_id_as_it_arrives_and_tells_its_counts(tmp_path: Path) -> None:
    log = tmp_path / "ids"
    command = [sys.executable, "-m", "tests.upstream", "--latency", "0.01", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, ending(process):
        assert process.stdout is not None
        base = process.stdout.readline().removeprefix("upstream on ").strip()
        root = base.removesuffix("/v1")
        with httpx2.stream(
            "POST",
            f"{base}/chat/completions",
            json=question("gate", stream=True),
            headers={"x-client-request-id": "gen_1"},
        ) as answer:
            assert log.read_text() == "gen_1\n"
            stats = httpx2.get(f"{root}/_stats").json()
            assert (stats["served"], stats["open"], stats["open_sockets"]) == (1, 1, 1)
            httpx2.get(f"{root}/_release")
            answer.read()
        line = httpx2.get(f"{root}/_ids").json()[0]

    assert process.returncode == 0
    assert line == {
        "id": "gen_1",
        "path": "/v1/chat/completions",
        "model": "gate",
        "completed": True,
        "outcome": "completed",
    }
