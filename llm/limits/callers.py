"""The limits of keys, teams and organisations: whoever is over one of them is refused at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from llm.call import Call, Caller, Clock, SystemClock
from llm.errors import Limit, RateLimited
from llm.limits import usage
from llm.limits.headers import duration, limit_headers
from llm.limits.meters import Demand, Meters, Reading, demands_on
from llm.limits.reckoning import prompt_tokens, reckoned
from llm.registry import UNLIMITED

WINDOW = 60.0


class Admission(Protocol):
    """What a call has taken of its caller's limits."""

    def leave(self, tokens: int) -> None:
        """The call is over and has used so many. Waits for nothing, never raises."""


class Limiter(Protocol):
    async def admit(self, call: Call, *, hit: bool = False) -> Admission:
        """Count `call` against all limits of its caller, or against none and raise `RateLimited`. Nothing else is ever
        raised. What is left is told to `call.limits` either way. A `hit` of the cache needs no tokens."""

    async def look(self, call: Call) -> None:
        """Tell `call.limits` what is left, and count nothing. Never raises."""


class NoLimiter:
    """Admits everybody."""

    async def admit(self, call: Call, *, hit: bool = False) -> Admission:
        return self

    async def look(self, call: Call) -> None:
        return None

    def leave(self, tokens: int) -> None:
        return None


FREE = NoLimiter()
"""What nobody has to give back."""


class MeteredLimiter:
    def __init__(self, meters: Meters, clock: Clock | None = None) -> None:
        self._meters = meters
        self._clock = clock or SystemClock()

    async def admit(self, call: Call, *, hit: bool = False) -> Admission:
        demands = _demands(call, hit)
        if not demands:
            return FREE
        taken = await self._meters.take(demands)
        call.limits = limit_headers(taken.readings, self._clock.now())
        if taken.short is not None:
            raise self._refusal(taken.short, call)
        return taken

    async def look(self, call: Call) -> None:
        if demands := [replace(demand, wanted=0) for demand in _demands(call, hit=True)]:
            call.limits = limit_headers((await self._meters.take(demands)).readings, self._clock.now())

    def _refusal(self, short: Reading, call: Call) -> RateLimited:
        demand, whose = short.demand, _whose(call.caller, short.demand.scope)
        return RateLimited(
            f"{whose} {_SAID[demand.name].format(used=short.used, most=demand.most, wanted=demand.wanted)}",
            retry_after=short.wait,
            hint=f"Try again in {duration(short.wait)}.",
            limit=Limit(
                name=demand.name,
                scope=demand.scope,
                used=short.used,
                max=demand.most,
                resets_at=self._clock.now() + timedelta(seconds=short.wait),
            ),
        )


_SAID = {
    "requests_per_minute": "has made {used} requests in the last minute; its limit is {most}.",
    "tokens_per_minute": "has used {used} tokens in the last minute; its limit is {most}, and this request may need "
    "{wanted}.",
    "max_concurrency": "has {used} requests on their way; its limit is {most} at once.",
}


def _whose(caller: Caller, scope: str) -> str:
    if scope == "key":
        return "This key"
    return f"The team {caller.team}" if scope == "team" else f"The organisation {caller.organisation}"


def _demands(call: Call, hit: bool) -> list[Demand]:
    caller = call.caller
    house = caller.organisation_id
    levels = (
        (caller.limits, usage.of_key(house, caller.key_id), "key"),
        (caller.team_limits, usage.of_team(house, caller.team_id), "team"),
        (caller.organisation_limits, usage.of_organisation(house), "organisation"),
    )
    made: list[Demand] = []
    for limits, key, scope in levels:
        if limits is UNLIMITED:
            continue
        tokens = 0
        if limits.tokens_per_minute is not None and not hit:
            tokens = reckoned(call)
            if prompt_tokens(call) > limits.tokens_per_minute:
                raise _too_long(call, limits.tokens_per_minute, scope)
        made += demands_on(limits, key, scope, tokens=tokens, window=WINDOW)
    return made


def _too_long(call: Call, most: int, scope: str) -> RateLimited:
    """No waiting helps, and the SDKs are told so."""
    call.headers["x-should-retry"] = "false"
    return RateLimited(
        f"{_whose(call.caller, scope)} may use {most} tokens a minute; the prompt has about {prompt_tokens(call)}.",
        hint="Send less at once.",
        limit=Limit("tokens_per_minute", scope, 0, most, None),
    )
