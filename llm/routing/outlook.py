"""What one call can expect of its candidates."""

from __future__ import annotations

from llm import prices, tokens
from llm.call import Call
from llm.prepare import Candidate
from llm.routing.observed import Observed


class CallOutlook:
    """The `Outlook` of a call; its prompt is measured when somebody first asks for a price."""

    def __init__(self, call: Call, observed: Observed) -> None:
        self._call = call
        self._observed = observed
        self._prompt: int | None = None

    def cost(self, candidate: Candidate) -> int | None:
        if self._prompt is None:
            self._prompt = tokens.estimate_request(self._call.request)
        price = candidate.route.price_at(self._call.record.created_at)
        return prices.likely(price, self._prompt, candidate.max_tokens)

    def speed(self, candidate: Candidate) -> float | None:
        return self._observed.speed(candidate.route, streamed=candidate.request.stream)

    def in_flight(self, candidate: Candidate) -> int:
        return self._observed.in_flight(candidate.route)
