"""What is tried next for one call, and why: its candidates, those for an occasion, and when it is over."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from types import TracebackType
from typing import Self

from llm.call import Attempt, Call
from llm.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    GatewayError,
    ProviderContentFilter,
    ProviderContextTooLong,
    ProviderError,
    ProviderRateLimited,
    Unavailable,
    UnpricedModel,
)
from llm.prepare import Candidate, Plan
from llm.prices import added
from llm.registry import ProviderSpec
from llm.routing.going_on import Said, continued, may_continue
from llm.routing.outlook import CallOutlook
from llm.routing.retries import MAX_WAIT, back_off
from llm.routing.strategies import order, why_first
from llm.routing.tools import Tools
from llm.routing.tries import Step, Try
from llm.types import Events

UNCOVERED = (BudgetExceeded, UnpricedModel, Unavailable)
"""What the caller's budgets say to a candidate that they have no room for."""
FALLBACK, FILTER, WINDOW = "fallback", "content filter fallback", "context window fallback"


class Way:
    """Asked for the `next` step until an answer has come to its end; told what was `heard` and what has `failed`."""

    def __init__(self, tools: Tools, call: Call, plan: Plan) -> None:
        self._tools = tools
        self._call = call
        self._plan = plan
        self._ahead = deque(order(plan.candidates, CallOutlook(call, tools.observed)))
        self._first = self._ahead[0] if self._ahead else None
        self._why = plan.straight
        self._occasion = WINDOW if plan.straight else FALLBACK
        self._tries = 0
        self._retrying: ProviderSpec | None = None
        self._error: ProviderError | None = None
        self._said: Said | None = None
        self._broken: Try | None = None
        self._begun = False
        self.trial: Try | None = None
        """The try under way; where two race, the one that answers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_retry()
        if self._broken is not None and not self._is_continued:
            self._broken.given_up()

    def heard(self, events: Events) -> Events:
        """What has come of the answer."""
        if not self._begun:
            self._begun = True
            self._end_retry()
            if self._plan.model.continues and may_continue(self._call.request):
                self._said = Said()
        if self._said is not None:
            self._said.add(events, self.trial)
        return events

    def failed(self, error: ProviderError) -> None:
        trial = self.trial
        assert trial is not None
        self._end_retry()
        self._why = f"{trial.route.provider.name} failed with {error.code}"
        if not trial.has_departed:
            self._skip(trial.candidate, error.code, f"no turn at {trial.route.provider.name}: {error.message}")
        if not self._begun or trial.has_content:
            self._error = error
        if trial.has_content:
            self._broken = trial

    async def next(self) -> Step:
        """The next try. Raises what the call ends with where there is none."""
        error, trial = self._error, self.trial
        if error is None or trial is None:
            return await self._onward()
        if self._begun:
            return await self._continuation(error)
        if ahead := self._for_occasion(error):
            self._ahead = deque(order(ahead, CallOutlook(self._call, self._tools.observed)))
        elif not (error.retryable or error.fallback):
            raise error
        elif trial.has_departed and (waited := await self._back_off(trial.step.candidate, error)) is not None:
            self._tries += 1
            return replace(trial.step, reason=f"again after {error.code}, waited {waited:.2g} s", again=True)
        return await self._onward()

    async def hedge(self, first: Try) -> Try | None:
        """A second try beside the `first`, which is slow; None where nobody else is free or its cost is not covered."""
        candidate = self._free()
        if candidate is None or not self._tools.hedges.has_some:
            return None
        amount = added(candidate.most_cost(self._call), first.candidate.most_cost(self._call))
        try:
            await self._tools.ledger.cover(self._call, amount)
        except UNCOVERED:
            return None
        self._ahead.remove(candidate)
        self._tools.hedges.spend()
        slow = self._tools.observed.slow(first.route, streamed=first.candidate.request.stream) or 0.0
        reason = f"hedge: nothing from {first.route.provider.name} for {slow:.3g} s"
        return Try(self._tools, self._call, Step(candidate, reason, aside=True))

    def won(self, trial: Try) -> None:
        """The race's."""
        self.trial = trial

    def patience(self, step: Step) -> float | None:
        """Seconds after which the call is asked elsewhere too; None where it is not to be."""
        if not self._plan.model.hedging or self._error is not None or not self._ahead:
            return None
        slow = self._tools.observed.slow(step.candidate.route, streamed=step.candidate.request.stream)
        if slow is None:
            return None
        self._tools.hedges.save()
        return slow

    async def _onward(self) -> Step:
        """The next candidate whose circuit lets it through and whose cost is covered."""
        shut: list[Candidate] = []
        refusal: GatewayError | None = None
        while self._ahead:
            candidate = self._ahead.popleft()
            if self._admits(candidate):
                try:
                    await self._cover(candidate)
                except UNCOVERED as error:
                    if candidate is self._first:
                        raise
                    refusal = error
                    self._skip(candidate, error.code, error.message)
                    continue
                if self._admits(candidate):  # still: others were let through while the books were asked
                    self._skip_shut(shut)
                    return self._step(candidate)
            shut.append(candidate)
        if self._error is None and shut:
            return await self._last_resort(shut)
        self._skip_shut(shut)
        raise self._error or refusal or DeadlineExceeded("The call's time was up before a provider could be asked.")

    async def _last_resort(self, shut: list[Candidate]) -> Step:
        """All circuits are open. A pause that a vendor asked for is waited for where retries are; else the route that
        is due soonest is tried by one call at a time, and the others are told when to come back."""
        circuits = self._tools.circuits
        candidate = min(shut, key=lambda each: circuits.of(each.route).due or 0.0)
        circuit, provider = circuits.of(candidate.route), candidate.route.provider.name
        left = circuit.left(self._now())
        self._skip_shut([each for each in shut if each is not candidate])
        waited = False
        if circuit.last.paused and candidate.route.provider.retries:
            waited = await self._wait(left + random.uniform(0, left / 4))  # noqa: S311  # not all at once
        await self._cover(candidate)
        is_open = not circuit.admits(self._now())
        if waited and not is_open:
            reason = f"waited {left:.2g} s, as {provider} had asked"
        elif not (is_open and circuit.is_being_tried):
            reason = f"last resort: circuit of {provider} is {self._state(candidate)}, and no other is closed"
        elif circuit.last.paused:
            raise ProviderRateLimited(f"{provider} has asked for a pause.", retry_after=max(left, 1.0))
        else:
            message = f"All routes of {candidate.model.name} fail at the moment; at {provider} {circuit.last.why}."
            raise Unavailable(message, code="circuit_open", retry_after=max(left, 1.0))
        return Step(candidate, reason, aside=candidate is not self._first)

    async def _continuation(self, error: ProviderError) -> Step:
        """Somebody goes on with what broke off; where nobody can, it has broken off for good."""
        said, broken = self._said, self._broken
        assert broken is not None
        candidate = self._free() or broken.step.candidate
        if said is None or not said.may_go_on(error) or not self._admits(candidate):
            raise error
        broken.pay(said.of(broken))
        try:
            await self._cover(continued(candidate, said.text))
        except UNCOVERED:
            raise error from None
        if candidate in self._ahead:
            self._ahead.remove(candidate)
        said.continuations += 1
        here, there = broken.route.provider.name, candidate.route.provider.name
        self._call.record.warnings.append(f"the answer broke off at {here} and was continued by {there}")
        return Step(candidate, f"continues: {self._why}", aside=candidate is not self._first, goes_on=said.text)

    @property
    def _is_continued(self) -> bool:
        """Somebody goes on, or has done so, with what broke off."""
        trial = self.trial
        return trial is not None and trial.has_departed and trial.attempt.outcome != "error"

    def _for_occasion(self, error: ProviderError) -> list[Candidate]:
        """The candidates for such an error alone, once."""
        match error:
            case ProviderContentFilter() if self._occasion != FILTER:
                self._occasion, found = FILTER, self._plan.on_filter
            case ProviderContextTooLong() if self._occasion != WINDOW:
                self._occasion, found = WINDOW, self._plan.on_window
            case _:
                found = []
        return found

    async def _back_off(self, candidate: Candidate, error: ProviderError) -> float | None:
        """Seconds waited before the same route is asked again; None where it is not to be, or there is no time."""
        provider = candidate.route.provider
        if not error.retryable or self._tries >= provider.retries or not self._may_return(candidate):
            return None
        wait = back_off(provider, self._tries, error)
        if wait is None or not self._tools.retries.begin(provider):
            return None
        self._retrying = provider
        if await self._wait(wait) and self._may_return(candidate):
            return wait
        self._end_retry()
        return None

    async def _wait(self, seconds: float) -> bool:
        """False where the call's time would be up before."""
        deadline = self._call.deadline
        if seconds > MAX_WAIT or (deadline is not None and self._now() + seconds >= deadline):
            return False
        await self._tools.sleep(seconds)
        self._call.waited += seconds
        return True

    async def _cover(self, candidate: Candidate) -> None:
        """The caller's budgets hold what it may cost, beside what was paid for in vain. Raises one of UNCOVERED."""
        call = self._call
        paid = [attempt.cost for attempt in call.record.attempts if attempt.is_paid]
        await self._tools.ledger.cover(call, added(candidate.most_cost(call), *paid))

    def _step(self, candidate: Candidate) -> Step:
        trial, self._tries = self.trial, 0
        if candidate is self._first and not self._why:
            return Step(candidate, f"first choice: {why_first(candidate)}")
        known = self._plan.model if trial is None else trial.candidate.model
        kind = "next route" if candidate.model is known and self._occasion == FALLBACK else self._occasion
        return Step(candidate, f"{kind}: {self._why}", aside=candidate is not self._first)

    def _may_return(self, candidate: Candidate) -> bool:
        """A pause that its vendor asked for is waited for where nobody else is free."""
        circuit = self._tools.circuits.of(candidate.route)
        return circuit.admits(self._now()) or (circuit.last.paused and self._free() is None)

    def _free(self) -> Candidate | None:
        """The next one whose circuit is closed."""
        return next((candidate for candidate in self._ahead if self._admits(candidate)), None)

    def _admits(self, candidate: Candidate) -> bool:
        return self._tools.circuits.of(candidate.route).admits(self._now())

    def _state(self, candidate: Candidate) -> str:
        return self._tools.circuits.of(candidate.route).state(self._now()).replace("_", "-")

    def _skip_shut(self, candidates: list[Candidate]) -> None:
        for candidate in candidates:
            self._why = f"circuit of {candidate.route.provider.name} is {self._state(candidate)}"
            self._skip(candidate, "circuit_open", self._why)

    def _skip(self, candidate: Candidate, error: str, reason: str) -> None:
        """In the record stands who was passed by."""
        route = candidate.route
        self._call.record.attempts.append(
            Attempt(
                route.provider.name,
                route.upstream_model,
                outcome="skipped",
                error=error,
                model=candidate.model.name,
                reason=f"skipped: {reason}",
                started_ms=(self._now() - self._call.began) * 1000,
            )
        )

    def _end_retry(self) -> None:
        if self._retrying is not None:
            self._tools.retries.end(self._retrying)
            self._retrying = None

    def _now(self) -> float:
        return self._tools.clock.monotonic()
