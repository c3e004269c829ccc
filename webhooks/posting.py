"""One message posted to one webhook: signed, to where it may lead alone, and judged by what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import httpx2

from llm.addresses import BadAddress, check_base_url
from llm.dialects.scrub import scrub
from llm.providers.dialling import guarded_client, root_of
from webhooks.outbox import Outcome

PATIENCE = 15.0
"""Seconds that a receiver may take, from the look-up of its name to its answer."""
MOST_READ = 2_000
"""Bytes of an answer that are looked at; only those of a refusal are kept."""
GONE = 410


async def post(url: str, headers: dict[str, str], body: bytes, allowed: Sequence[str]) -> Outcome:
    """`allowed` hosts and networks may be private. Raises nothing: whatever went wrong is in the outcome."""
    try:
        address = check_base_url(url, allowed, at_home=False)
        async with asyncio.timeout(PATIENCE), guarded_client(allowed) as client:
            request = client.build_request("POST", str(address), headers=headers, content=body, timeout=PATIENCE)
            response = await client.send(request, stream=True)
            try:
                return _judged(response.status_code, await _beginning(response))
            finally:
                await response.aclose()
    except BadAddress as refused:
        return Outcome(f"Its address {refused}.")
    except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
        return _unreached(root_of(error))


def _unreached(error: BaseException) -> Outcome:
    if isinstance(error, TimeoutError | asyncio.CancelledError):
        return Outcome(f"It did not answer within {PATIENCE:g} seconds.")
    return Outcome(scrub(f"It could not be reached: {error or type(error).__name__}"))


def _judged(status: int, said: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    if status == GONE:
        return Outcome("It answered 410: it is gone, and wants to hear no more.", is_final=True, closes=True)
    if 300 <= status < 400:
        return Outcome(f"It answered {status}: redirects are not followed.")
    return Outcome(scrub(f"It answered {status}. {said}"))


async def _beginning(response: httpx2.Response) -> str:
    if response.is_success:
        return ""
    read = b""
    async for piece in response.aiter_raw():
        read += piece
        if len(read) >= MOST_READ:
            break
    return read[:MOST_READ].decode("utf-8", "replace")
