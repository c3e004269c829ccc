"""The registry in this process' memory: one frozen snapshot and the keys in use, renewed by the version stamp."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from llm.call import Caller, Clock, SystemClock
from llm.client_tokens import ClientTokens, is_token
from llm.errors import Unavailable
from llm.models.frozen import load_callers, load_origins, load_snapshot, named
from llm.models.keyring import Keyring
from llm.models.stamp import RegistryStamp, Stamps, registry_changed
from llm.registry import Snapshot
from llm.vault import LONGEST_KEY, digest
from prompts.library import Library

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
KEPT_SECONDS = 15 * 60.0
"""How long known keys work while the store is away, unless told otherwise."""
PATIENCE_SECONDS = 2.0
STUCK_SECONDS = 1.0
PAUSE_SECONDS = 0.05
MOST_WAITING = 1_000
MOST_HELD = 20_000
RETRY_AFTER = 2.0


def _promise() -> Future[bool]:
    """A future that its waiters cannot cancel, since they share it."""
    future: Future[bool] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(slots=True)
class _Round:
    """What the next visit to the store is to find out; `answered` with False where it did not come off."""

    wanted: set[str] = field(default_factory=set)
    asked: bool = False
    answered: Future[bool] = field(default_factory=_promise)


class Catalog:
    """Reads happen in one thread with one connection, so that a frozen store holds up that thread and nobody else.

    Everything it publishes is replaced as a whole and never changed, so that readers need no lock.
    """

    def __init__(self, clock: Clock | None = None, *, kept: float = KEPT_SECONDS) -> None:
        self._clock = clock or SystemClock()
        self._kept = kept
        self._snapshot: Snapshot | None = None
        self._origins: frozenset[str] = frozenset()
        self._pepper = b""
        self._callers: dict[str, Caller] = {}
        self._tokens = ClientTokens(self._clock)
        self._unknown: set[str] = set()
        self._stamp = Stamps(-1, -1, -1)
        self.prompts = Library()
        self._checked_at = float("-inf")
        self._visiting_since: float | None = None
        self._failing = False
        self._visited = False
        self._next = _Round()
        self._turn = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin reading; again is harmless, and needed after a fork."""
        with self._turn:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stopping = False
            self._visiting_since, self._visited = None, False
            self._thread = threading.Thread(target=self._run, name="catalog", daemon=True)
            self._thread.start()
        registry_changed.connect(self._on_change, dispatch_uid=f"catalog-{id(self)}")

    def stop(self) -> None:
        registry_changed.disconnect(dispatch_uid=f"catalog-{id(self)}")
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=PATIENCE_SECONDS)

    def snapshot(self, patience: float = PATIENCE_SECONDS) -> Snapshot:
        """Waits on the very first use alone, so many seconds; raises Unavailable where the store is away then."""
        snapshot = self._snapshot
        if snapshot is None:
            self._settled(self._ask(), patience)
            snapshot = self._snapshot
        if snapshot is None:
            raise _away()
        return snapshot

    async def fresh_snapshot(self) -> Snapshot:
        """The snapshot after a look at the stamp, for whoever is about to say 404; the one at hand if that takes
        long."""
        if not self._is_stuck():
            await self._awaited(self._ask())
        return self.snapshot()

    def fresh_snapshot_sync(self) -> Snapshot:
        if not self._is_stuck():
            self._settled(self._ask())
        return self.snapshot()

    def origins(self) -> frozenset[str]:
        """Every origin that some key names."""
        return self._origins

    def known(self, key: str) -> Caller | None:
        """The caller if the key is in memory and may come in; None says "look it up".

        A client token comes in as the key behind it, narrowed; raises Unauthenticated for one that is no good.
        """
        if is_token(key):
            caller = self._held(self._tokens.grant(key).key)
            return None if caller is None else self._tokens.caller(key, caller)
        return None if len(key) > LONGEST_KEY else self._held(digest(key, self._pepper))

    def digest_of(self, key: str) -> str:
        """What the key is kept under; of a client token, the key behind it."""
        return self._tokens.grant(key).key if is_token(key) else digest(key, self._pepper)

    def _held(self, name: str) -> Caller | None:
        caller = self._callers.get(name)
        if caller is None or not self.is_trusted():
            return None
        if caller.expires_at is not None and caller.expires_at <= self._clock.now():
            return None
        return caller

    async def lookup(self, key: str) -> Caller | None:
        """As `known`, asking the store; raises Unavailable where it does not answer within two seconds."""
        if not self._pepper:
            await self._awaited(self._ask())
        if self._is_refused(key):
            return None
        if not await self._awaited(self._ask_for(key)):
            raise _away()
        return self.known(key)

    def lookup_sync(self, key: str) -> Caller | None:
        if not self._pepper:
            self._settled(self._ask())
        if self._is_refused(key):
            return None
        if not self._settled(self._ask_for(key)):
            raise _away()
        return self.known(key)

    async def holder(self, key_id: int) -> Caller | None:
        """As `lookup`, for those who know a key's id and not its secret."""
        name = named(key_id)
        caller = self._held(name)
        if caller is not None or self._is_unknown(name):
            return caller
        if self._is_stuck() or not await self._awaited(self._ask(name)):
            raise _away()
        return self._held(name)

    def is_trusted(self) -> bool:
        """Whether what is in memory still counts: the store was read within the last `kept` seconds."""
        return self._clock.monotonic() - self._checked_at <= self._kept

    def is_reachable(self) -> bool:
        """Whether the last visit to the store came off and none hangs."""
        return self._snapshot is not None and not self._failing and not self._is_stuck()

    def _is_refused(self, key: str) -> bool:
        """Known to be unknown: at the stamp of now, which the next poll or change renews."""
        if len(key) > LONGEST_KEY and not is_token(key):
            return True
        return self._is_unknown(self.digest_of(key))

    def _is_unknown(self, name: str) -> bool:
        fresh = self._clock.monotonic() - self._checked_at <= 2 * POLL_SECONDS
        return fresh and name in self._unknown

    def _ask_for(self, key: str) -> Future[bool]:
        if self._is_stuck() or not self._pepper:
            raise _away()
        return self._ask(self.digest_of(key))

    def _ask(self, wanted: str | None = None) -> Future[bool]:
        """Put it on the next visit's list; everyone who asks meanwhile shares that visit."""
        self.start()
        with self._turn:
            if len(self._next.wanted) >= MOST_WAITING:
                raise _away()
            if wanted is not None:
                self._next.wanted.add(wanted)
            self._next.asked = True
            self._turn.notify()
            return self._next.answered

    async def _awaited(self, answered: Future[bool]) -> bool:
        waiter = asyncio.wrap_future(answered)
        done, _ = await asyncio.wait((waiter,), timeout=PATIENCE_SECONDS)
        return bool(done) and waiter.result()

    def _settled(self, answered: Future[bool], patience: float = PATIENCE_SECONDS) -> bool:
        try:
            return answered.result(timeout=patience)
        except TimeoutError:
            return False

    def _is_stuck(self) -> bool:
        since = self._visiting_since
        return since is not None and self._clock.monotonic() - since > STUCK_SECONDS

    def _on_change(self, **_: Any) -> None:
        """Whoever changed the registry in this process sees it changed when the commit returns."""
        if not self._is_stuck():
            self._settled(self._ask())

    def _run(self) -> None:
        while (visit := self._next_visit()) is not None:
            self._visiting_since = self._clock.monotonic()
            came_off = self._visit(visit.wanted)
            self._visiting_since = None
            visit.answered.set_result(came_off)

    def _next_visit(self) -> _Round | None:
        """Sleeps until somebody asks or a poll is due, and never hurries; None when it is time to stop."""
        with self._turn:
            self._turn.wait_for(lambda: self._stopping, timeout=PAUSE_SECONDS if self._visited else 0)
            self._turn.wait_for(
                lambda: self._stopping or self._next.asked, timeout=POLL_SECONDS if self._visited else 0
            )
            self._visited = True
            visit, self._next = self._next, _Round()
            if self._stopping:
                visit.answered.set_result(False)
                return None
            return visit

    def _visit(self, wanted: set[str]) -> bool:
        began = self._clock.monotonic()
        try:
            self._renew()
            if wanted:
                self._learn(wanted)
        except Exception as error:  # noqa: BLE001  # whatever the store does, this thread must live to ask again
            self._note_failure(error)
            return False
        finally:
            connection.close()
        self._checked_at = began
        self._failing = False
        return True

    def _note_failure(self, error: Exception) -> None:
        if not self._failing:
            log.warning("The registry cannot be read, going on with what is in memory: %s", error)
        self._failing = True

    def _renew(self) -> None:
        """Reload what the stamp says has changed; once more if it moved meanwhile."""
        for _ in range(3):
            stamp = RegistryStamp.read()
            if stamp == self._stamp:
                return
            self._load(stamp)

    def _load(self, stamp: Stamps) -> None:
        if stamp.registry != self._stamp.registry:
            self._snapshot = load_snapshot(stamp.registry)
        if stamp.prompts != self._stamp.prompts:
            self.prompts.renew()
        if stamp.keys != self._stamp.keys:
            self._pepper = Keyring.pepper()
            self._callers = load_callers(self._callers)
            self._origins = load_origins()
            self._unknown = set()
        self._stamp = stamp

    def _learn(self, wanted: set[str]) -> None:
        found = load_callers(wanted)
        held = {**self._callers, **found}
        self._callers = held if len(held) <= MOST_HELD else found
        unknown = self._unknown | (wanted - found.keys())
        self._unknown = unknown if len(unknown) <= MOST_HELD else set()


def _away() -> Unavailable:
    return Unavailable(
        "The gateway's own database does not answer, so this key cannot be checked.",
        hint="Try again shortly; keys that were in use go on working.",
        retry_after=RETRY_AFTER,
    )
