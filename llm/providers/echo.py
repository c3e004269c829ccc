"""A vendor of our own that repeats what it hears word by word: a first answer without a key, and for rehearsals."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from llm.errors import ProviderBroken, ProviderOverloaded
from llm.providers.base import Probe, UpstreamCall
from llm.types import Events, EventStream, Finished, Request, Started, Text, TextDelta, Usage, UsageReport


@dataclass(frozen=True)
class Temper:
    """How an echo behaves. `pause` in seconds before each word; `breaks_after` so many words, or where they end."""

    pause: float = 0.0
    fails: bool = False
    breaks_after: int | None = None


TEMPERS = {
    "echo": Temper(pause=0.02),
    "echo-slow": Temper(pause=0.5),
    "echo-fail": Temper(fails=True),
    "echo-cut": Temper(pause=0.02, breaks_after=3),
}


class EchoProvider:
    """Its upstream models are the names in `TEMPERS`; any other name behaves like `echo`."""

    dialect = "native"

    async def close(self) -> None:
        return None

    async def probe(self) -> Probe:
        return Probe(tuple(TEMPERS))

    async def count(self, request: Request, model: str) -> int | None:
        return _usage(request, 0).prompt_tokens

    async def stream(self, call: UpstreamCall) -> EventStream:
        temper = TEMPERS.get(call.route.upstream_model, TEMPERS["echo"])
        if temper.fails:
            raise ProviderOverloaded("This echo always fails.", upstream_status=503)
        heard = _heard(call.request)
        said = heard if call.max_tokens is None else heard[: call.max_tokens]
        yield [Started(upstream_id=f"echo-{call.id}", upstream_model=call.route.upstream_model)]
        spoken: Events = []
        for position, word in enumerate(said):
            if position == temper.breaks_after:
                break
            await asyncio.sleep(temper.pause)
            call.waited += temper.pause
            if call.request.stream:
                yield [TextDelta(word)]
            else:
                spoken.append(TextDelta(word))
        if temper.breaks_after is not None:
            raise ProviderBroken("This echo always breaks off.")
        usage = _usage(call.request, len(said))
        yield [*spoken, Finished("stop" if len(said) == len(heard) else "length"), UsageReport(usage)]


def _heard(request: Request) -> list[str]:
    """The words of the last thing the user said, each with the white space that follows it."""
    for message in reversed(request.messages):
        if message.role == "user":
            return _words("".join(part.text for part in message.parts if isinstance(part, Text)))
    return []


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+\s?", text)


def _usage(request: Request, spoken: int) -> Usage:
    prompt = sum(len(part.text.split()) for m in request.messages for part in m.parts if isinstance(part, Text))
    return Usage(prompt_tokens=prompt, completion_tokens=spoken, total_tokens=prompt + spoken)
