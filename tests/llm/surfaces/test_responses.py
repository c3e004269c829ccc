"""A stream on its way out, second by second: when the status line leaves, when hearts beat, when a client is deaf."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import orjson
import pytest
from django.http import HttpResponse

from llm.call import Call, Caller, new_id
from llm.errors import ProviderBroken
from llm.surfaces.responses import DEAF, HOLD, EventStreamResponse, StreamVoice, answer_headers
from llm.types import Request
from tests.llm.surfaces import clockwork

Frames = AsyncGenerator[bytes, None]


def now() -> float:
    return asyncio.get_running_loop().time()


class Client:
    """What reached the client, and at which second. `reads` is asked before each message is taken."""

    def __init__(self, reads: Callable[[], Awaitable[object]] | None = None) -> None:
        self.got: list[tuple[float, Any]] = []
        self._reads = reads

    async def __call__(self, message: dict[str, Any]) -> None:
        if self._reads is not None:
            await self._reads()
        self.got.append((now(), message.get("status", message.get("body"))))
        if "headers" in message:
            self.headers = dict(message["headers"])


def listen(frames: Frames, client: Client | None = None) -> Client:
    client = client or Client()
    voice = StreamVoice(
        headers=lambda: {"x-request-id": "gen_1"},
        refuse=lambda error: HttpResponse(orjson.dumps({"code": error.code}), status=error.status),
        interrupt=lambda error: f"error {error.code}\n".encode(),
        heartbeat=b": ping\n\n",
    )

    async def deliver() -> None:
        await EventStreamResponse(frames, voice).deliver(client)

    clockwork.run(deliver())
    return client


async def said(*words: tuple[float, bytes | Exception]) -> Frames:
    """Each word after a pause in seconds; an error is raised."""
    for pause, word in words:
        await asyncio.sleep(pause)
        if isinstance(word, Exception):
            raise word
        yield word


def test_what_callers_wrote_breaks_no_header() -> None:
    """A warning may name a field of theirs, whatever they called it."""
    caller = Caller(key_id=1, key_name="k", organisation_id=1, organisation="o")
    call = Call(new_id(), Request([]), caller, "json", 0.0)
    call.record.warnings = ["a\r\nset-cookie: b was dropped", "世界\0é was dropped", "x" * 9_000]

    said = answer_headers(call)["x-gatehouse-warnings"]

    assert said.startswith("a??set-cookie: b was dropped; ???? was dropped; xxx")
    assert len(said) == 2_000


def test_the_status_line_waits_for_the_first_frame() -> None:
    client = listen(said((14.0, b"a"), (1.0, b"b")))

    assert client.got == [(14.0, 200), (14.0, b"a"), (15.0, b"b"), (15.0, b"")]
    assert client.headers == {
        b"content-type": b"text/event-stream; charset=utf-8",
        b"cache-control": b"no-cache",
        b"x-accel-buffering": b"no",
        b"x-request-id": b"gen_1",
    }


def test_after_fifteen_seconds_of_silence_hearts_begin_to_beat() -> None:
    client = listen(said((40.0, b"a")))

    assert client.got == [
        (15.0, 200),
        (15.0, b": ping\n\n"),
        (30.0, b": ping\n\n"),
        (40.0, b"a"),
        (40.0, b""),
    ]


def test_hearts_beat_only_after_a_silence_of_full_length() -> None:
    client = listen(said((10.0, b"a"), (10.0, b"b"), (16.0, b"c")))

    assert client.got == [(10.0, 200), (10.0, b"a"), (20.0, b"b"), (35.0, b": ping\n\n"), (36.0, b"c"), (36.0, b"")]


def test_an_error_before_the_first_frame_has_a_status_of_its_own() -> None:
    client = listen(said((0.0, ProviderBroken("no"))))

    assert client.got == [(0.0, 502), (0.0, b'{"code":"provider_broken"}')]


def test_an_error_after_the_first_frame_is_told_in_the_stream() -> None:
    client = listen(said((0.0, b"a"), (0.0, ProviderBroken("no"))))

    assert client.got == [(0.0, 200), (0.0, b"a"), (0.0, b"error provider_broken\n"), (0.0, b"")]


def test_an_error_after_a_heartbeat_is_told_in_the_stream() -> None:
    """The status line is gone, though nothing was said yet."""
    client = listen(said((HOLD + 1, ProviderBroken("no"))))

    assert client.got == [(15.0, 200), (15.0, b": ping\n\n"), (16.0, b"error provider_broken\n"), (16.0, b"")]


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ([], [500, b'{"code":"internal_error"}']),
        ([(0.0, b"a")], [200, b"a", b"error internal_error\n", b""]),
    ],
)
def test_a_bug_of_ours_ends_the_answer_too(
    heard: list[tuple[float, bytes]], told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = listen(said(*heard, (0.0, KeyError("secret"))))

    assert [what for _, what in client.got] == told
    assert "A stream broke off" in caplog.text


def test_a_client_that_reads_nothing_for_a_minute_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """Its frames are closed, which closes the upstream; no heartbeat queues up behind the frame that waits."""
    ended: list[float] = []

    async def endless() -> Frames:
        try:
            while True:
                yield b"a"
        finally:
            ended.append(now())

    client = listen(endless(), Client(reads=asyncio.Event().wait))

    assert ended == [DEAF]
    assert client.got == []
    assert caplog.record_tuples == [
        ("llm.surfaces.responses", logging.WARNING, "A client has read nothing for 60 s: its call is cancelled")
    ]


def test_a_client_that_takes_its_time_is_waited_for() -> None:
    client = listen(said((0.0, b"a"), (0.0, b"b")), Client(reads=lambda: asyncio.sleep(DEAF - HOLD)))

    assert [what for _, what in client.got] == [200, b"a", b"b", b""]


def test_whoever_cancels_the_task_from_outside_is_obeyed() -> None:
    async def leave() -> None:
        me = asyncio.current_task()
        assert me is not None
        asyncio.get_running_loop().call_later(3.0, me.cancel)
        await EventStreamResponse(
            said((9.0, b"a")), StreamVoice(dict, lambda _: HttpResponse(), lambda _: b"", b"")
        ).deliver(Client())

    with pytest.raises(asyncio.CancelledError):
        clockwork.run(leave())
