"""The one owner of retries: how long to wait before a route is asked again, and how many may wait at once."""

from __future__ import annotations

import random
from collections import Counter

from llm.errors import ProviderError
from llm.registry import ProviderSpec
from llm.routing.observed import Observed

MAX_WAIT = 20.0
"""Seconds of back-off that a vendor's Retry-After may ask for; a longer one sends the call to the next route."""
SHARE = 0.2
FLOOR = 10


class Retries:
    """Retries under way in this process, back-off included: of each provider a fifth of its calls in flight at most,
    and a few more, so that an outage is not made worse by those who ask again."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._under_way: Counter[int] = Counter()

    def begin(self, provider: ProviderSpec) -> bool:
        """Whether one more may begin; then `end` is owed."""
        most = FLOOR + SHARE * self._observed.at_provider(provider.id)
        if self._under_way[provider.id] >= most:
            return False
        self._under_way[provider.id] += 1
        return True

    def end(self, provider: ProviderSpec) -> None:
        self._under_way[provider.id] -= 1


def back_off(provider: ProviderSpec, tried: int, error: ProviderError) -> float | None:
    """Seconds to wait after that many retries: exponential with full jitter, as long as the vendor asks at least.

    None where it asks for more than `MAX_WAIT`.
    """
    wait = random.uniform(0, min(provider.retry_delay * 2**tried, MAX_WAIT))  # noqa: S311  # guards nothing
    if error.retry_after is not None:
        wait = max(wait, error.retry_after)
    return wait if wait <= MAX_WAIT else None
