"""One try at one route, from waiting for a turn to what came of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

from llm import prices, tokens
from llm.call import Attempt, Call
from llm.errors import DeadlineExceeded, ProviderBroken, ProviderError, ProviderOverloaded, ProviderRateLimited
from llm.limits import Permit
from llm.prepare import Candidate
from llm.providers.base import UpstreamCall
from llm.routing.circuits import COUNTED
from llm.routing.going_on import continued
from llm.routing.tools import Tools
from llm.types import CONTENT, Events, EventStream, Finished, Usage, UsageReport


@dataclass(slots=True, frozen=True)
class Step:
    """What is to be tried, and why. `again`: the same route as before; `aside`: another one than the first choice."""

    candidate: Candidate
    reason: str
    again: bool = False
    aside: bool = False
    goes_on: str = ""
    """What was said before, where the answer is continued."""


class Try:
    """`attempt` is in the record from its departure on."""

    def __init__(self, tools: Tools, call: Call, step: Step) -> None:
        self._tools = tools
        self._call = call
        self.step = step
        self.candidate = continued(step.candidate, step.goes_on) if step.goes_on else step.candidate
        self.route = route = step.candidate.route
        self.attempt = Attempt(
            route.provider.name, route.upstream_model, model=step.candidate.model.name, reason=step.reason
        )
        self.has_departed = self.has_content = self.is_lost = False
        self.usage: Usage | None = None
        self._circuit = tools.circuits.of(route)
        self._on_trial = False
        self._began = self._waited = 0.0
        self._upstream: UpstreamCall | None = None

    async def stream(self) -> EventStream:
        """What the provider says, held back until its first content; it must come to its end."""
        permit = await self._turn()
        held, finished = Held(), False
        try:
            upstream = self._depart(permit)
            async with aclosing(self._tools.providers(self.route.provider).stream(upstream)) as batches:
                async for events in batches:
                    for event in events:
                        if type(event) is Finished:
                            finished = True
                        elif type(event) is UsageReport:
                            self.usage = event.usage
                    if ready := held.until_content(events):
                        if not self.has_content:
                            self._note_content()
                        yield ready
            if not finished:
                raise ProviderBroken("The provider's stream ended before its answer did.")
            if left := held.rest():
                self._note_content()
                yield left
        except ProviderError as error:
            self._note_error(error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self.attempt.outcome = "lost" if self.is_lost else "cancelled"
            raise
        finally:
            self._end(permit)

    def answers(self, waited: float | None = None) -> None:
        """The record and the call speak of this try; `waited` is what the call has waited for it until now."""
        call, attempt = self._call, self.attempt
        record = call.record
        record.model, record.provider, record.upstream_model = attempt.model, attempt.provider, attempt.upstream_model
        record.fallback_used = self.step.aside
        call.route = self.route
        if waited is not None and self._upstream is not None:
            self._waited = waited - self._upstream.waited
            self._count_wait()

    def pay(self, said: str = "") -> None:
        """It is paid for beside the one that answers: as the vendor counted so far, else by our estimate."""
        usage = self.usage or Usage(prompt_tokens=tokens.estimate_request(self.candidate.request))
        usage = replace(usage, completion_tokens=max(usage.completion_tokens, tokens.estimate(said)))
        self.attempt.prompt_tokens, self.attempt.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        self.attempt.cost = prices.cost(usage, self.route.price_at(self._call.record.created_at))

    def given_up(self) -> None:
        """Nobody goes on with it: it is what the call came to."""
        self.attempt.prompt_tokens = self.attempt.completion_tokens = 0
        self.attempt.cost = None
        self.answers()

    async def _turn(self) -> Permit:
        """A permit of the provider's own limits."""
        self._on_trial = self._circuit.enter(self._now())
        self._tools.observed.enter(self.route)
        try:
            permit = await self._tools.throttle.enter(self._call, self.route)
            self._check_circuit(permit)
        except BaseException:  # whatever ends the wait, the place in the queue is given back
            self._circuit.leave(on_trial=self._on_trial)
            self._tools.observed.leave(self.route)
            raise
        self.attempt.queue_ms = permit.waited * 1000
        return permit

    def _check_circuit(self, permit: Permit) -> None:
        """While it waited for its turn, the route may have failed, or the vendor may have asked for a pause."""
        circuit, name, now = self._circuit, self.route.provider.name, self._now()
        if not permit.waited:
            return
        if left := circuit.pause(now):
            permit.undo()
            raise ProviderRateLimited(f"{name} has asked for a pause.", retry_after=left)
        if not (self._on_trial or circuit.admits(now)):
            permit.undo()
            raise ProviderOverloaded(
                f"At {name} {circuit.last.why}.", code="circuit_open", retry_after=circuit.left(now)
            )
        self._on_trial = self._on_trial or circuit.enter(now)

    def _depart(self, permit: Permit) -> UpstreamCall:
        """The journal knows of the attempt before the provider does."""
        call, provider = self._call, self.route.provider
        left = provider.timeout if call.deadline is None else call.deadline - self._now()
        if left <= 0:
            raise DeadlineExceeded("The call's time is up.")
        self._upstream = UpstreamCall(
            id=call.public_id,
            request=self.candidate.request,
            route=self.route,
            max_tokens=self.candidate.max_tokens,
            timeout=min(provider.timeout, left),
            first_token_timeout=provider.first_token_timeout,
            chunk_timeout=provider.chunk_timeout,
            model=self.candidate.model,
            hear=permit.hear,
        )
        self._began, self._waited = self._now(), call.waited
        self.attempt.started_ms = (self._began - call.began) * 1000
        call.record.attempts.append(self.attempt)
        call.record.retries += self.step.again
        self.answers()
        self.has_departed = True
        self._tools.recorder.depart(call.record)
        return self._upstream

    def _note_content(self) -> None:
        now = self._now()
        self.has_content = True
        self._circuit.succeed(now, on_trial=self._on_trial)
        self._on_trial = False
        self._tools.observed.note(self.route, streamed=self.candidate.request.stream, seconds=now - self._began)
        self._count_wait()

    def _note_error(self, error: ProviderError) -> None:
        attempt = self.attempt
        attempt.outcome, attempt.error, attempt.status = "error", error.code, error.upstream_status
        self._circuit.fail(self._now(), error, on_trial=self._on_trial)
        self._on_trial = False
        if isinstance(error, (*COUNTED, ProviderRateLimited)):
            self._tools.observed.note_failure(self.route, streamed=self.candidate.request.stream)

    def _end(self, permit: Permit) -> None:
        if self.has_departed:
            permit.leave(self._used())
        else:
            permit.undo()
        self._circuit.leave(on_trial=self._on_trial)
        self._tools.observed.leave(self.route)
        if self.has_departed:
            self.attempt.latency_ms = (self._now() - self._began) * 1000
            self._count_wait()

    def _used(self) -> int | None:
        """Tokens; None where only the provider knows."""
        if self.usage is not None and not self.usage.estimated:
            return self.usage.total_tokens
        is_open = self.has_content or self.attempt.outcome in ("cancelled", "lost")
        return None if is_open else 0

    def _count_wait(self) -> None:
        """The call has waited for this provider; what was dropped is said before the answer's headers leave."""
        if self._upstream is not None and not self.is_lost:
            self._call.waited = self._waited + self._upstream.waited
            _warn(self._call, self._upstream)

    def _now(self) -> float:
        return self._tools.clock.monotonic()


class Held:
    """Batches held back until the first of them has content, so that a fallback stays possible."""

    def __init__(self) -> None:
        self._held: Events | None = []

    def until_content(self, events: Events) -> Events:
        """Nothing while there is no content; then all that was held, with these; then each batch as it comes."""
        if self._held is None:
            return events
        self._held += events
        if not any(isinstance(event, CONTENT) for event in events):
            return []
        return self.rest()

    def rest(self) -> Events:
        held, self._held = self._held, None
        return held or []


def _warn(call: Call, upstream: UpstreamCall) -> None:
    """Of what was dropped, once for each provider however often it was tried."""
    for name in upstream.dropped:
        warning = f"{name} was dropped: {upstream.route.provider.name} does not take it"
        if warning not in call.record.warnings:
            call.record.warnings.append(warning)
