"""The limits of providers and routes: whoever finds no room waits for a turn, as long as there is time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from llm.call import Call, Clock, SystemClock
from llm.dialects.listings import Allowance, Kind, parse_allowance
from llm.errors import Limit, ProviderBusy
from llm.limits import usage
from llm.limits.headers import duration
from llm.limits.line import HANDICAP, Line, Waiter
from llm.limits.meters import Demand, Meters, Reading, Taken, demands_on, shared_limit
from llm.limits.reckoning import prompt_tokens, reckoned
from llm.registry import UNLIMITED, Limits, ProviderSpec, RouteSpec

WINDOW = 61.2
"""Seconds: two in a hundred more than the minute that a vendor counts. What leaves here a second late is for the vendor
still in one minute with what follows it."""
LONGEST_WAIT = 600.0
"""Seconds, for a call without a deadline."""
UNATTENDED = frozenset({"celery", "batch"})
"""Surfaces where nobody sits and waits for the answer."""


class Permit(Protocol):
    """A turn at a provider; `waited` seconds were spent waiting for it."""

    waited: float

    def hear(self, headers: Mapping[str, str]) -> None:
        """What the vendor's answer says of its limits, as soon as it does."""

    def leave(self, tokens: int | None) -> None:
        """The try is over; `tokens` is what it really used (None: what was reckoned with). Once for each permit, or
        else `undo`."""

    def undo(self) -> None:
        """The vendor was not asked after all."""


class Throttle(Protocol):
    """The limits of providers and routes: who asks waits for a turn."""

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        """A turn at `route`, waited for by priority. Raises ProviderBusy where there is no time or place to wait.

        The waiting is added to `call.waited` and `call.record.queue_ms`.
        """

    async def standing(self, provider: ProviderSpec) -> Allowance | None:
        """What is left of its limit on requests; None where it has none."""


class NoThrottle:
    """Nobody waits."""

    waited = 0.0

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        return self

    def hear(self, headers: Mapping[str, str]) -> None:
        return None

    def leave(self, tokens: int | None) -> None:
        return None

    def undo(self) -> None:
        return None

    async def standing(self, provider: ProviderSpec) -> Allowance | None:
        return None


FREE = NoThrottle()
"""What nobody has to give back."""


class WaitingThrottle:
    """Works on one event loop. Nobody waits behind more than `queue` calls to one provider: so a crowd that may wait
    turns nobody away who goes before it. Tests may shorten the `window`."""

    def __init__(
        self, meters: Meters, clock: Clock | None = None, *, queue: int = 1000, window: float = WINDOW
    ) -> None:
        self._meters = meters
        self._clock = clock or SystemClock()
        self._queue = queue
        self._window = window
        self._lines: dict[int, Line] = {}

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        demands = self._demands(call, route)
        if not demands:
            return FREE
        line, due = self._line(route.provider), self._due(call)
        if not len(line) and (taken := await line.look(demands, due)).short is None:
            return Turn(self, line, taken)
        return await self._wait(call, route, line, Waiter(due, demands))

    async def standing(self, provider: ProviderSpec) -> Allowance | None:
        limits = Limits(provider.limits.requests_per_minute)
        demands = demands_on(limits, _key(provider), "provider", tokens=0, window=self._window)
        looked = await self._meters.take([replace(demand, wanted=0) for demand in demands])
        for reading in looked.readings:
            return Allowance(reading.demand.most, reading.remaining, reading.reset)
        return None

    def hear(self, reading: Reading, headers: Mapping[str, str]) -> None:
        """The vendor's word counts where it knows of less room than we do: others may use the same account."""
        kind: Kind = "tokens" if reading.demand.name == "tokens_per_minute" else "requests"
        heard = parse_allowance(headers, self._clock.now(), kind)
        if heard is not None and heard.remaining < reading.remaining:
            seconds = self._window if heard.reset is None else heard.reset
            self._meters.correct(reading.demand, heard.remaining, seconds)

    async def _wait(self, call: Call, route: RouteSpec, line: Line, waiter: Waiter) -> Permit:
        began = self._clock.monotonic()
        left = LONGEST_WAIT if call.deadline is None else call.deadline - began
        expected = line.expected(waiter)
        if line.ahead(waiter) >= self._queue or expected >= left:
            raise self._busy(line, waiter, route)
        try:
            taken = await line.wait(waiter, left)
        except TimeoutError:
            raise self._busy(line, waiter, route) from None
        finally:
            waited = self._clock.monotonic() - began
            call.waited += waited
            call.record.queue_ms += waited * 1000
        return Turn(self, line, taken, waited)

    def _busy(self, line: Line, waiter: Waiter, route: RouteSpec) -> ProviderBusy:
        expected, short = line.expected(waiter), line.short(waiter)
        return ProviderBusy(
            f"{route.provider.name} has no room for this request in time.",
            retry_after=expected,
            hint=f"Try again in {duration(expected)}.",
            limit=None if short is None else _limit(short, self._clock.now() + timedelta(seconds=expected)),
        )

    def _line(self, provider: ProviderSpec) -> Line:
        if provider.id not in self._lines:
            self._lines[provider.id] = Line(self._meters, self._clock)
        return self._lines[provider.id]

    def _due(self, call: Call) -> float:
        return self._clock.monotonic() + HANDICAP[call.request.metadata.priority]

    def _demands(self, call: Call, route: RouteSpec) -> list[Demand]:
        """The most particular limit comes last. Who yields takes of the rest too: what interactive calls leave of each
        of the provider's limits."""
        provider = route.provider
        if provider.limits == UNLIMITED and route.limits == UNLIMITED:
            return []
        key, tokens = _key(provider), _tokens(call, route)
        general = demands_on(provider.limits, key, "provider", tokens=tokens, window=self._window)
        rest: list[Demand] = []
        if call.request.metadata.priority == "low" or call.surface in UNATTENDED:
            share = 1 - provider.interactive_share
            rest = [replace(one, key=f"{one.key}:rest", most=shared_limit(one.most, share)) for one in general]
        own = demands_on(route.limits, f"{key}:route:{route.id}", "provider", tokens=tokens, window=self._window)
        return [*rest, *general, *own]


class Turn:
    """The permit for one try, with what it has taken."""

    __slots__ = ("_line", "_taken", "_throttle", "waited")

    def __init__(self, throttle: WaitingThrottle, line: Line, taken: Taken, waited: float = 0.0) -> None:
        self.waited = waited
        self._throttle = throttle
        self._line = line
        self._taken = taken

    def hear(self, headers: Mapping[str, str]) -> None:
        particular = {reading.demand.name: reading for reading in self._taken.readings if reading.demand.window}
        for reading in particular.values():
            self._throttle.hear(reading, headers)

    def leave(self, tokens: int | None) -> None:
        self._taken.leave(tokens)
        self._line.room()

    def undo(self) -> None:
        self._taken.undo()
        self._line.room()


def _tokens(call: Call, route: RouteSpec) -> int:
    """Those reckoned with, where they are limited. A prompt that is longer than the limit never had a turn."""
    limits = [limits.tokens_per_minute for limits in (route.provider.limits, route.limits)]
    least = min((most for most in limits if most is not None), default=None)
    if least is None:
        return 0
    if prompt_tokens(call) > least:
        raise ProviderBusy(
            f"The prompt has about {prompt_tokens(call)} tokens; {route.provider.name} may be sent {least} a minute.",
            limit=Limit("tokens_per_minute", "provider", 0, least, None),
        )
    return reckoned(call)


def _limit(short: Reading, resets_at: datetime) -> Limit:
    return Limit(short.demand.name, "provider", short.used, short.demand.most, resets_at)


def _key(provider: ProviderSpec) -> str:
    return usage.of_provider(provider.id)
