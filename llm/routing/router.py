"""Which route is tried when: order, retries before the first content, fallback after that."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from llm.call import Call, Clock, Ledger, NoLedger, Recorder
from llm.errors import ProviderError
from llm.limits import NoThrottle, Throttle
from llm.prepare import Plan
from llm.providers.base import ProviderFactory
from llm.routing.circuits import Circuits
from llm.routing.going_on import joined
from llm.routing.hedging import Hedges
from llm.routing.observed import Observed
from llm.routing.race import Race
from llm.routing.retries import Retries
from llm.routing.tools import Sleep, Tools
from llm.routing.tries import Step, Try
from llm.routing.way import Way
from llm.types import EventStream


class Router:
    """Tries candidates one after the other until one has begun to answer.

    `circuits` and `observed` are those of the process, shared by the routers of its event loops.
    """

    def __init__(
        self,
        providers: ProviderFactory,
        recorder: Recorder,
        clock: Clock,
        *,
        ledger: Ledger | None = None,
        throttle: Throttle | None = None,
        circuits: Circuits | None = None,
        observed: Observed | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.observed = observed or Observed(clock)
        self._tools = Tools(
            providers=providers,
            recorder=recorder,
            clock=clock,
            ledger=ledger or NoLedger(),
            throttle=throttle or NoThrottle(),
            circuits=circuits or Circuits(clock),
            observed=self.observed,
            retries=Retries(self.observed),
            hedges=Hedges(),
            sleep=sleep,
        )

    async def stream(self, call: Call, plan: Plan) -> EventStream:
        """The events of the first candidate that answers, from its first content on.

        Raises the last error, `DeadlineExceeded` if there is none; every attempt is in the record.
        """
        with Way(self._tools, call, plan) as way:
            while True:
                step = await way.next()
                try:
                    async with aclosing(self._answer(call, step, way)) as batches:
                        async for events in batches:
                            yield way.heard(events)
                    return
                except ProviderError as error:
                    way.failed(error)

    def _answer(self, call: Call, step: Step, way: Way) -> EventStream:
        """The answer of one try; where it may be hedged, of the faster of two."""
        trial = way.trial = Try(self._tools, call, step)
        if step.goes_on:
            return joined(trial.stream(), trial.candidate, step.goes_on)
        patience = way.patience(step)
        if patience is None:
            return trial.stream()
        return Race(call, self._tools.clock, patience, second=way.hedge, won=way.won).run(trial)
