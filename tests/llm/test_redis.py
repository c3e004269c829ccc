from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
import uvloop

from llm import redis
from llm.redis import FAILURES, Address, ErrorReply, GuardedRedis, Link, Script, StoreUnavailable
from tests.llm.own_redis import Command, OwnRedis, PlayedRedis, available, refused
from tests.services import free_port

pytestmark = pytest.mark.alone

AT_ONCE, A_TENTH = 0.05, 0.3
"""Seconds, with something on top for a busy machine."""


@pytest.fixture
async def guarded(redis_url: str) -> AsyncIterator[GuardedRedis]:
    guarded = GuardedRedis(redis_url)
    yield guarded
    await guarded.close()


@pytest.fixture
async def frozen(own_redis: OwnRedis) -> AsyncIterator[GuardedRedis]:
    """Connected, then frozen."""
    guarded = GuardedRedis(own_redis.url, cool_down=0.05)
    await guarded.run("PING")
    own_redis.freeze()
    yield guarded
    own_redis.thaw()
    await guarded.close()


class Gate:
    """A cool-down that passes when the test says so."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        self._waiting = asyncio.Event()
        self._opened = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self._waiting.set()
        await self._opened.wait()
        self._opened.clear()

    async def open(self) -> None:
        """Returns when whoever passed comes to its next cool-down, or after a moment if it does not."""
        self._waiting.clear()
        self._opened.set()
        await asyncio.wait([asyncio.ensure_future(self._waiting.wait())], timeout=0.3)


async def test_a_command_gets_its_reply(guarded: GuardedRedis) -> None:
    assert await guarded.run("ECHO", b"\x00\xff") == b"\x00\xff"
    assert await guarded.run("BITCOUNT", "gatehouse:absent") == 0
    assert await guarded.run("GET", "gatehouse:absent") is None


async def test_what_is_asked_in_one_turn_of_the_loop_leaves_as_one_pipeline() -> None:
    async with PlayedRedis() as server:
        guarded = GuardedRedis(server.url)
        await guarded.run("FIRST")
        server.reads.clear()
        await asyncio.gather(*(guarded.run("GET", number) for number in range(16)))
        assert [len(commands) for commands in server.reads] == [16]
        await guarded.close()


async def test_what_is_asked_during_a_round_trip_leaves_together_after_it() -> None:
    answered = asyncio.Event()

    async with PlayedRedis() as server:

        async def wait_at_first(command: Command, writer: asyncio.StreamWriter) -> None:
            if command[0] == b"FIRST":
                await answered.wait()
            writer.write(b"+OK\r\n")

        server.answer = wait_at_first
        guarded = GuardedRedis(server.url)
        await guarded.run("PING")
        server.reads.clear()
        first = asyncio.create_task(guarded.run("FIRST"))
        others = []
        for _ in range(3):
            await asyncio.sleep(0.005)
            others.append(asyncio.create_task(guarded.run("GET", "x")))
        await asyncio.sleep(0.005)
        answered.set()
        await asyncio.gather(first, *others)
        assert [len(commands) for commands in server.reads] == [1, 3]
        await guarded.close()


async def test_one_connection_serves_all_commands() -> None:
    async with PlayedRedis() as server:
        guarded = GuardedRedis(server.url)
        await asyncio.gather(*(guarded.run("GET", number) for number in range(20)))
        for number in range(20):
            await guarded.run("GET", number)
        assert server.connections == 1
        await guarded.close()


async def test_cancelled_commands_leave_every_other_with_its_own_reply(guarded: GuardedRedis) -> None:
    """A thousand echoes, half of them cancelled at random instants, over one connection that stays whole."""
    chance = random.Random(7)

    async def echo(number: int) -> bool:
        word = f"{number}:{'x' * chance.choice([1, 100, 20_000])}".encode()
        return bool(await guarded.run("ECHO", word) == word)

    await guarded.run("PING")
    connection = await guarded.run("CLIENT", "ID")
    right = 0
    for start in range(0, 1000, 50):
        tasks = [asyncio.create_task(echo(number)) for number in range(start, start + 50)]
        for task in chance.sample(tasks, 25):
            if chance.random() < 0.7:
                await asyncio.sleep(chance.random() * 0.0003)
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is True or isinstance(result, asyncio.CancelledError) for result in results)
        right += sum(result is True for result in results)
    assert 500 <= right < 1000
    assert await guarded.run("CLIENT", "ID") == connection


async def test_a_reply_half_read_when_its_caller_left_reaches_nobody_else() -> None:
    more = asyncio.Event()

    async def answer(command: Command, writer: asyncio.StreamWriter) -> None:
        if command[0] == b"SLOW":
            writer.write(b"$10\r\n01234")
            await writer.drain()
            await more.wait()
            writer.write(b"56789\r\n")
        else:
            writer.write(b"+own\r\n")

    async with PlayedRedis(answer) as server:
        guarded = GuardedRedis(server.url)
        await guarded.run("PING")
        slow = asyncio.create_task(guarded.run("SLOW"))
        await asyncio.sleep(0.02)
        slow.cancel()
        behind = asyncio.create_task(guarded.run("GET", "x"))
        await asyncio.sleep(0.01)
        more.set()
        assert await behind == b"own"
        assert server.connections == 1
        await guarded.close()


async def test_an_error_reply_is_no_failure_of_redis(guarded: GuardedRedis) -> None:
    for _ in range(FAILURES + 1):
        with pytest.raises(ErrorReply) as raised:
            await guarded.run("NOSUCHCOMMAND")
        assert raised.value.code == "ERR"
    assert guarded.is_available


async def test_a_script_goes_by_its_digest_once_the_server_knows_it(guarded: GuardedRedis) -> None:
    script = Script(f"return {{KEYS[1], ARGV[1]}} -- {uuid4()}")
    assert await guarded.run("SCRIPT", "EXISTS", script.digest) == [0]
    assert await guarded.evaluate(script, ["k"], 1) == [b"k", b"1"]
    assert await guarded.run("SCRIPT", "EXISTS", script.digest) == [1]
    assert await guarded.evaluate(script, ["k"], 2) == [b"k", b"2"]


async def test_scripts_that_are_new_to_the_server_keep_their_order(guarded: GuardedRedis) -> None:
    key = str(uuid4())
    known = Script("return redis.call('APPEND', KEYS[1], 'known')")
    await guarded.evaluate(known, [f"{key}:else"])
    new = Script(f"return redis.call('APPEND', KEYS[1], 'new') -- {uuid4()}")
    await asyncio.gather(guarded.evaluate(new, [key]), guarded.evaluate(known, [key]))
    assert await guarded.run("GET", key) == b"newknown"


async def test_an_error_inside_a_script_is_told() -> None:
    async def answer(command: Command, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-OOM command not allowed\r\n" if command[0] == b"EVAL" else b"+OK\r\n")

    async with PlayedRedis(answer) as server:
        guarded = GuardedRedis(server.url)
        with pytest.raises(ErrorReply, match="OOM"):
            await guarded.evaluate(Script("return 1"), [])
        await guarded.close()


async def test_after_a_few_failures_nobody_tries_until_the_cool_down_has_passed() -> None:
    gate, port = Gate(), free_port()
    guarded = GuardedRedis(f"redis://127.0.0.1:{port}", sleep=gate.sleep)
    for _ in range(FAILURES):
        assert guarded.is_available
        await refused(guarded)
    assert not guarded.is_available
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port)
    assert await refused(guarded) < AT_ONCE
    server.close()
    assert gate.naps == [redis.COOL_DOWN_SECONDS]
    await guarded.close()


async def test_a_probe_in_the_background_finds_redis_again() -> None:
    gate = Gate()
    async with PlayedRedis() as server:
        guarded = GuardedRedis(f"redis://127.0.0.1:{free_port()}", sleep=gate.sleep)
        for _ in range(FAILURES):
            await refused(guarded)
        await gate.open()
        assert not guarded.is_available
        assert len(gate.naps) == 2
        guarded._address = Address.parse(server.url)
        await gate.open()
        await available(guarded)
        assert await guarded.run("PING") == b"OK"
        await guarded.close()


async def test_a_frozen_redis_costs_the_first_few_a_tenth_of_a_second_and_the_rest_nothing(
    frozen: GuardedRedis, own_redis: OwnRedis
) -> None:
    first = [await refused(frozen) for _ in range(FAILURES)]
    assert max(first) < A_TENTH
    assert [await refused(frozen) < AT_ONCE for _ in range(20)] == [True] * 20
    own_redis.thaw()
    await available(frozen)
    assert await frozen.run("PING") == b"PONG"


async def test_a_frozen_redis_under_load_is_found_out_once(frozen: GuardedRedis) -> None:
    assert max(await asyncio.gather(*(refused(frozen) for _ in range(50)))) < A_TENTH
    assert not frozen.is_available
    assert await refused(frozen) < AT_ONCE


async def test_commands_whose_callers_gave_up_are_counted_too(frozen: GuardedRedis) -> None:
    for _ in range(FAILURES):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await frozen.run("PING")
    await asyncio.sleep(redis.ANSWER_SECONDS + 0.05)
    assert not frozen.is_available


async def test_recovery_takes_less_than_five_seconds() -> None:
    assert redis.COOL_DOWN_SECONDS + redis.CONNECT_SECONDS < 5


async def test_too_many_commands_in_flight_are_refused_at_once(
    frozen: GuardedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "IN_FLIGHT", 2)
    waiting = [asyncio.create_task(refused(frozen)) for _ in range(2)]
    await asyncio.sleep(0)
    assert await refused(frozen) < AT_ONCE
    await asyncio.gather(*waiting)


async def test_a_restarted_redis_is_used_again_without_an_error(own_redis: OwnRedis) -> None:
    guarded = GuardedRedis(own_redis.url)
    await guarded.run("PING")
    own_redis.kill()
    own_redis.start()
    await asyncio.sleep(0.02)
    assert await guarded.run("PING") == b"PONG"
    await guarded.close()


def hold_up(source: socket.socket) -> None:
    source.recv(1)
    time.sleep(redis.ANSWER_SECONDS * 2)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
async def test_a_loop_that_was_held_up_does_not_blame_redis(run: Callable[..., bytes], redis_url: str) -> None:
    """Loops differ in whether they look at sockets or at timers first."""

    async def held_up() -> bytes:
        guarded = GuardedRedis(redis_url)
        await guarded.run("PING")
        mine, other = socket.socketpair()
        asyncio.get_running_loop().add_reader(mine, hold_up, mine)
        asked = asyncio.create_task(guarded.run("PING"))
        await asyncio.sleep(0)
        other.send(b"x")
        reply: bytes = await asked
        asyncio.get_running_loop().remove_reader(mine)
        mine.close()
        other.close()
        await guarded.close()
        return reply

    assert await asyncio.to_thread(lambda: run(held_up())) == b"PONG"


async def test_failures_count_only_in_a_row() -> None:
    async def answer(command: Command, writer: asyncio.StreamWriter) -> None:
        if command[0] == b"HANGUP":
            writer.close()
        else:
            writer.write(b"+OK\r\n")

    async with PlayedRedis(answer) as server:
        guarded = GuardedRedis(server.url)
        for _ in range(FAILURES * 2):
            with pytest.raises(StoreUnavailable):
                await guarded.run("HANGUP")
            assert await guarded.run("PING") == b"OK"
        await guarded.close()


class Gone(Address):
    """Redis hangs up as soon as it has greeted back."""

    async def connect(self, link: Link) -> None:
        link.lose("gone")


async def test_a_connection_that_is_lost_at_once_is_made_anew() -> None:
    async with PlayedRedis() as server:
        guarded = GuardedRedis(server.url)
        there, guarded._address = guarded._address, Gone("", 0, None, None, ())
        await refused(guarded)
        guarded._address = there
        assert await guarded.run("GET", "x") == b"OK"
        await guarded.close()


async def test_a_lost_link_takes_no_more_questions() -> None:
    link = Link(lambda link, unanswered: None)
    link.lose("gone")
    with pytest.raises(StoreUnavailable):
        link.ask(("PING",))


async def test_a_socket_that_opens_after_its_link_was_lost_is_closed() -> None:
    async with PlayedRedis() as server:
        link = Link(lambda link, unanswered: None)
        link.lose("gone")
        await Address.parse(server.url).connect(link)
        assert link._transport is not None
        assert link._transport.is_closing()


@pytest.mark.parametrize("noise", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n+unasked\r\n"])
async def test_what_does_not_speak_the_protocol_is_unavailable(noise: bytes) -> None:
    async def answer(command: Command, writer: asyncio.StreamWriter) -> None:
        writer.write(noise)

    async with PlayedRedis(answer) as server:
        guarded = GuardedRedis(server.url)
        with pytest.raises(StoreUnavailable):
            await asyncio.gather(guarded.run("GET", "x"), guarded.run("GET", "y"))
        await guarded.close()


async def test_a_closed_client_refuses(redis_url: str) -> None:
    guarded = GuardedRedis(redis_url)
    await guarded.run("PING")
    await guarded.close()
    assert await refused(guarded) < AT_ONCE


async def test_closing_ends_a_connection_on_its_way(frozen: GuardedRedis, own_redis: OwnRedis) -> None:
    late = GuardedRedis(own_redis.url)
    asked = asyncio.create_task(refused(late))
    await asyncio.sleep(0.02)
    await late.close()
    assert await asked < AT_ONCE + 0.02


async def test_closing_ends_the_probe() -> None:
    guarded = GuardedRedis(f"redis://127.0.0.1:{free_port()}")
    for _ in range(FAILURES):
        await refused(guarded)
    await guarded.close()
    assert await refused(guarded) < AT_ONCE
