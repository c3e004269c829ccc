"""What the parts of the router share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from llm.call import Clock, Ledger, Recorder
from llm.limits import Throttle
from llm.providers.base import ProviderFactory
from llm.routing.circuits import Circuits
from llm.routing.hedging import Hedges
from llm.routing.observed import Observed
from llm.routing.retries import Retries

Sleep = Callable[[float], Awaitable[object]]


@dataclass(slots=True, frozen=True)
class Tools:
    providers: ProviderFactory
    recorder: Recorder
    clock: Clock
    ledger: Ledger
    throttle: Throttle
    circuits: Circuits
    observed: Observed
    retries: Retries
    hedges: Hedges
    sleep: Sleep
