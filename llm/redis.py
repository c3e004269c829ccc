"""Redis on the hot path: one guarded connection for each event loop and address, whose commands travel together.

redis-py reads the address; the socket is driven here, which costs a half (alone) to a tenth (under load) of its CPU.
Nobody waits longer than a tenth of a second, and nobody at all while Redis is known to be gone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, cast

import hiredis
from redis import Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 0.1
ANSWER_SECONDS = 0.1
COOL_DOWN_SECONDS = 1.0
FAILURES = 3
IN_FLIGHT = 2_000
THREAD_SECONDS = 0.2
GRACE_SECONDS = 0.005
"""A loop that was itself held up reads what has arrived before it calls a command overdue."""

Argument = str | bytes | int | float
Reply = Any
"""bytes, int, None, or a list of these."""


class StoreUnavailable(Exception):
    """Redis did not answer, or not with what was asked; what happens then is the caller's own policy."""


class ErrorReply(StoreUnavailable):
    """Redis is there and refuses; `code` is the first word of its answer."""

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]


class Script:
    """A Lua script, sent by its text once over each connection, and by its digest from then on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True, frozen=True)
class Address:
    """Where Redis is and what it wants to hear first."""

    host: str
    port: int
    path: str | None
    tls: ssl.SSLContext | None
    greeting: tuple[tuple[Argument, ...], ...] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """`redis:`, `rediss:` and `unix:` addresses, as redis-py reads them."""
        options: dict[str, Any] = {**parse_url(url)}
        return cls(
            host=options.get("host", "localhost"),
            port=options.get("port", 6379),
            path=options.get("path"),
            tls=_tls(options) if options.get("connection_class") is SSLConnection else None,
            greeting=tuple(_greeting(options)),
        )

    async def connect(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        if self.path is not None:
            await loop.create_unix_connection(lambda: link, self.path)
        else:
            await loop.create_connection(lambda: link, self.host, self.port, ssl=self.tls)


def _tls(options: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate := options.get("ssl_certfile"):
        context.load_cert_chain(certificate, options.get("ssl_keyfile"))
    return context


def _greeting(options: dict[str, Any]) -> list[tuple[Argument, ...]]:
    """Ends with a PING: a frozen server accepts connections and says nothing."""
    credentials = [options[name] for name in ("username", "password") if options.get(name)]
    commands: list[tuple[Argument, ...]] = [("AUTH", *credentials)] if credentials else []
    if database := options.get("db"):
        commands.append(("SELECT", database))
    return [*commands, ("PING",)]


class Link(asyncio.Protocol):
    """One socket. What is asked in one turn of the loop, or during one round trip, leaves as one pipeline.

    Replies come in the order of the commands. A command whose caller has gone keeps its place in that order: its reply
    is read whole and dropped. When the oldest command is overdue the link is lost, and all that wait on it with it.
    """

    def __init__(self, on_loss: Callable[[Link, int], None]) -> None:
        self.is_lost = False
        self._on_loss = on_loss
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader()
        self._outbox: list[bytes] = []
        self._waiting: deque[tuple[float, asyncio.Future[Reply]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._suspect: asyncio.Future[Reply] | None = None

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    def ask(self, command: tuple[Argument, ...]) -> asyncio.Future[Reply]:
        if self.is_lost:
            raise StoreUnavailable("The connection to Redis is lost.")
        packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub knows tuples of one only
        answer: asyncio.Future[Reply] = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._outbox.append(packed)
        self._waiting.append((self._loop.time() + ANSWER_SECONDS, answer))
        if self._timer is None:
            self._timer = self._loop.call_later(ANSWER_SECONDS, self._check)
        return answer

    def lose(self, reason: str) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        if self._transport is not None:
            self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()
        self._on_loss(self, len(self._waiting))
        for _, answer in self._waiting:
            if not answer.done():
                answer.set_exception(StoreUnavailable(reason))
        self._waiting.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.is_lost:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose("Redis closed the connection.")

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._settle(reply)
        except hiredis.ProtocolError:
            self.lose("What answers at the address of Redis does not speak its protocol.")
        self._flush()

    def _settle(self, reply: Reply) -> None:
        if not self._waiting:
            raise hiredis.ProtocolError("an answer to nothing")
        _, answer = self._waiting.popleft()
        if answer.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            answer.set_exception(ErrorReply(str(reply)))
        else:
            answer.set_result(reply)

    def _flush(self) -> None:
        if self._outbox and self._transport is not None and not self.is_lost:
            self._transport.write(b"".join(self._outbox))
            self._outbox.clear()

    def _check(self) -> None:
        """One timer for all commands: it looks at the oldest, whenever that would be overdue."""
        self._timer = None
        if not self._waiting:
            return
        due, answer = self._waiting[0]
        left = due - self._loop.time()
        if left <= 0 and answer is self._suspect:
            self.lose(f"Redis did not answer within {ANSWER_SECONDS * 1000:.0f} ms.")
            return
        if left <= 0:
            self._suspect = answer
        self._timer = self._loop.call_later(max(left, GRACE_SECONDS), self._check)


class GuardedRedis:
    """Commands to one Redis from one event loop, behind a breaker.

    After a few commands in a row have failed, whether or not somebody still waited for them, every further one is
    refused at once. A probe in the background tries again after each cool-down, so that no caller pays for it.
    """

    def __init__(
        self,
        url: str,
        *,
        cool_down: float = COOL_DOWN_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._address = Address.parse(url)
        self._cool_down = cool_down
        self._sleep = sleep
        self._failures = 0
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None
        self._probe: asyncio.Task[None] | None = None
        self._sent: set[str] = set()
        self.is_closed = False

    @property
    def is_available(self) -> bool:
        return self._probe is None and not self.is_closed

    async def run(self, *command: Argument) -> Reply:
        """The reply to `command`; `StoreUnavailable` is the only error."""
        link = self._link or await self._linked()
        if link.in_flight >= IN_FLIGHT:
            raise StoreUnavailable("Too many commands are waiting for Redis.")
        reply = await link.ask(command)
        self._failures = 0
        return reply

    async def evaluate(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Reply:
        """What `script` returns. What is asked first is done first, unless somebody flushes the server's scripts."""
        if script.digest in self._sent:
            try:
                return await self.run("EVALSHA", script.digest, len(keys), *keys, *arguments)
            except ErrorReply as error:
                if error.code != "NOSCRIPT":
                    raise
        self._sent.add(script.digest)
        return await self.run("EVAL", script.text, len(keys), *keys, *arguments)

    async def close(self) -> None:
        self.is_closed = True
        for task in (self._probe, self._connecting):
            if task is not None:
                task.cancel()
        if self._link is not None:
            self._link.lose("The connection to Redis is closed.")

    async def _linked(self) -> Link:
        """The new connection, which all who come meanwhile await together; none of them can cancel it."""
        if not self.is_available:
            raise StoreUnavailable("Redis is out of reach.")
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._connected)
        task = self._connecting
        await asyncio.wait([task])
        if task.cancelled():
            raise StoreUnavailable("The connection to Redis is closed.")
        return task.result()

    def _connected(self, task: asyncio.Task[Link]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is not None:
            self._failed(1)

    async def _connect(self) -> Link:
        link = Link(self._lost)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._address.connect(link)
                await asyncio.gather(*(link.ask(command) for command in self._address.greeting))
        except (OSError, StoreUnavailable) as error:  # TimeoutError and ssl.SSLError are OSErrors
            link.lose("Redis cannot be reached.")
            raise StoreUnavailable(f"Redis cannot be reached: {error or 'no answer'}.") from error
        except asyncio.CancelledError:
            link.lose("The connection to Redis is closed.")
            raise
        if link.is_lost:
            raise StoreUnavailable("The connection to Redis is lost.")
        self._link = link
        self._sent.clear()
        return link

    def _lost(self, link: Link, unanswered: int) -> None:
        if link is self._link:
            self._link = None
            self._failed(unanswered)

    def _failed(self, commands: int) -> None:
        self._failures += commands
        if self._failures >= FAILURES and self.is_available:
            self._probe = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        while self._link is None:
            await self._sleep(self._cool_down)
            try:
                await self._connect()
            except StoreUnavailable:
                continue
        self._failures = 0
        self._probe = None


_clients: dict[tuple[asyncio.AbstractEventLoop, str], GuardedRedis] = {}


def client(url: str) -> GuardedRedis:
    """The one client of the running event loop for `url`."""
    for loop, address in list(_clients):
        if loop.is_closed():
            _clients.pop((loop, address), None)
    key = (asyncio.get_running_loop(), url)
    if key not in _clients or _clients[key].is_closed:
        _clients[key] = GuardedRedis(url)
    return _clients[key]


def of_a_thread(url: str) -> Redis:
    """A client for a thread of its own, off the hot path: it waits for each answer a moment and repeats nothing."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=THREAD_SECONDS,
        socket_connect_timeout=THREAD_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
