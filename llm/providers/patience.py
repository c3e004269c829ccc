"""How long to wait for a vendor: connect, first content, between chunks, in total."""

from __future__ import annotations

import asyncio

from llm.errors import ProviderTimeout
from llm.providers.base import UpstreamCall


class Patience:
    """Deadlines of one try, on the event loop's clock, and the time spent waiting.

    `wait()` stands around single reads only, never around a `yield`.
    """

    def __init__(self, call: UpstreamCall) -> None:
        self._call = call
        self._clock = asyncio.get_running_loop().time
        began = self._clock()
        self._total = began + call.timeout
        self._first = began + call.first_token_timeout if call.request.stream else self._total
        self._content = False

    def content(self) -> None:
        """Content has come: from now on the pause between chunks counts."""
        self._content = True

    def linger(self, seconds: float) -> None:
        """The answer is whole: only the end of its body is still worth a short wait."""
        self._total = min(self._total, self._clock() + seconds)

    def wait(self) -> _Wait:
        return _Wait(self)

    def next_deadline(self) -> float:
        if self._content:
            return min(self._total, self._clock() + self._call.chunk_timeout)
        return min(self._total, self._first)

    def expired(self) -> ProviderTimeout:
        call, now = self._call, self._clock()
        if now >= self._total:
            return ProviderTimeout(f"The provider did not finish within {call.timeout:g} s.")
        if self._content:
            return ProviderTimeout(f"The provider's stream stood still for {call.chunk_timeout:g} s.")
        return ProviderTimeout(f"The provider sent nothing within {call.first_token_timeout:g} s.")


class _Wait:
    """One wait for the vendor, ended by `ProviderTimeout`; its length is added to the call's `waited`."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._timeout = asyncio.timeout_at(patience.next_deadline())

    async def __aenter__(self) -> None:
        self._began = self._patience._clock()
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        self._patience._call.waited += self._patience._clock() - self._began
        try:
            await self._timeout.__aexit__(*error)  # type: ignore[arg-type]  # handed through as it came
        except TimeoutError:
            raise self._patience.expired() from None
