"""The ledger's thread: takes all orders that wait at once, decides them in one transaction, wakes those who wait."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from llm.call import Clock
from llm.connection import Away, OwnConnection, transaction
from llm.ledger import alerts
from llm.ledger.books import Alert, Books
from llm.ledger.orders import Order, Verdict, decide

logger = logging.getLogger(__name__)

MOST_ORDERS = 500
TRIES = 2
"""A connection that died unnoticed is found out by the first try."""
STUCK_SECONDS = 1.0
"""A batch that takes longer is with a database that hangs."""
PAUSE = 0.1
"""Seconds between two tries to give back, unless somebody orders meanwhile."""
COMPANY = 0.004
"""Seconds that an order waits for others, where the last ones came together."""

Decided = tuple[Sequence[Verdict | None], Sequence[Alert]]


class Clerk:
    """What is granted to somebody who has left meanwhile is given back with the next batch, and so is what may have
    been granted by a commit that nobody heard the end of."""

    def __init__(self, connection: OwnConnection, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._turn = threading.Condition()
        self._orders: list[Order] = []
        self._undone: list[Order] = []
        self._crowded = False
        self._committing = False
        self._deadline: float | None = None
        self._asking_since: float | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_stuck(self) -> bool:
        """Whoever ordered now would wait for nothing."""
        since = self._asking_since
        return since is not None and self._clock.monotonic() - since > STUCK_SECONDS

    def take(self, order: Order) -> None:
        """The thread begins with the first order, so that who has no budget has no thread either."""
        with self._turn:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self.run, name="ledger", daemon=True)
                self._thread.start()
            self._orders.append(order)
            self._turn.notify()

    def withdraw(self, order: Order) -> Verdict | None:
        """Nobody waits for `order` any more. The verdict if it came before that; else it will count for nothing."""
        with self._turn:
            order.withdrawn = order.verdict is None
            return order.verdict

    def close(self, timeout: float = 5.0) -> None:
        """Decides what waits and gives back what is to be given back, for `timeout` seconds at most."""
        with self._turn:
            self._deadline = time.monotonic() + timeout
            self._turn.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def run(self) -> None:
        try:
            while self._goes_on():
                self.step()
        finally:  # a connection is its thread's alone
            self._connection.close()

    def step(self) -> None:
        """One batch. Where the books are out of reach, nobody waits for their return."""
        orders = self._waiting()
        if not orders and not self._undone:
            return
        self._committing = False
        self._asking_since = self._clock.monotonic()
        try:
            verdicts, news = self._decided(orders)
        except Away as away:
            logger.warning("Calls with a hard budget are refused: the database is away (%s)", away)
            verdicts, news = [None] * len(orders), []
        except Exception:  # whatever it is, those who wait must hear of it and the next batch must have its turn
            logger.exception("Budgets could not be read")
            verdicts, news = [None] * len(orders), []
            self._undone = []
        else:
            self._undone = []
        self._asking_since = None
        self._answer(orders, verdicts)
        alerts.announce(news, self._connection.alias)

    def _decided(self, orders: Sequence[Order]) -> Decided:
        for _ in range(TRIES - 1):
            try:
                return self._connection.run(lambda wrapper: self._transact(wrapper, orders))
            except Away:
                pass
        return self._connection.run(lambda wrapper: self._transact(wrapper, orders))

    def _transact(self, wrapper: BaseDatabaseWrapper, orders: Sequence[Order]) -> Decided:
        with transaction(wrapper):
            decided = decide(Books(wrapper), orders, self._undone, self._clock.now())
            self._committing = True
        return decided

    def _answer(self, orders: Sequence[Order], verdicts: Sequence[Verdict | None]) -> None:
        by_loop: defaultdict[asyncio.AbstractEventLoop, list[Order]] = defaultdict(list)
        with self._turn:
            for order, verdict in zip(orders, verdicts, strict=True):
                is_held = verdict.granted if verdict else self._committing
                if is_held and (order.withdrawn or verdict is None):
                    self._undone.append(order)
                if not order.withdrawn:
                    order.verdict = verdict
                    by_loop[order.waiter.get_loop()].append(order)
        for loop, heard in by_loop.items():
            try:
                loop.call_soon_threadsafe(_wake, heard)
            except RuntimeError:  # the loop is closed: nobody will ever settle these
                self._undone += [order for order in heard if order.verdict and order.verdict.granted]

    def _waiting(self) -> list[Order]:
        with self._turn:
            if not self._orders and (self._undone or self._deadline is None):
                self._turn.wait(PAUSE if self._undone else None)
            crowded = self._crowded and self._deadline is None
        if crowded:
            time.sleep(COMPANY)
        with self._turn:
            self._crowded = len(self._orders) > 1
            orders = [order for order in self._orders[:MOST_ORDERS] if not order.withdrawn]
            del self._orders[:MOST_ORDERS]
            return orders

    def _goes_on(self) -> bool:
        if self._deadline is None:
            return True
        return bool(self._orders or self._undone) and time.monotonic() < self._deadline


def _wake(orders: Sequence[Order]) -> None:
    for order in orders:
        if not order.waiter.done():
            order.waiter.set_result(order.verdict)
