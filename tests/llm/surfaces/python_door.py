"""`python -m tests.llm.surfaces.python_door`: asks through `llm.generate` and its three siblings, or leaves midway.

Reads `{"key": …, "asked": [[way, request], …]}`, writes a line of JSON for each: the pieces that came (one where the
answer came whole), or the error.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from itertools import islice
from typing import Any

import django

import llm
from llm.errors import GatewayError

Pieces = list[dict[str, Any]]


def ask(way: str, request: dict[str, Any], key: str) -> Pieces:
    if way == "generate":
        return [llm.generate(request, key=key)]
    if way == "stream":
        return list(llm.stream(request, key=key))
    if way == "left":
        return list(islice(llm.stream(request, key=key), 1))
    if way == "interrupted":
        return interrupted(request, key)

    async def agenerate() -> Pieces:
        return [await llm.agenerate(request, key=key)]

    async def astream() -> Pieces:
        return [piece async for piece in llm.astream(request, key=key)]

    return asyncio.run(agenerate() if way == "agenerate" else astream())


class Interrupted(Exception):
    """What a worker's time limit raises in the midst of a call, say."""


def interrupted(request: dict[str, Any], key: str) -> Pieces:
    def raise_it(*_: object) -> None:
        raise Interrupted

    signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        return [llm.generate(request, key=key)]
    except Interrupted:
        return []


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    task = json.load(sys.stdin)
    for way, request in task["asked"]:
        try:
            told: Any = ask(way, request, task["key"])
        except GatewayError as error:
            told = {"type": error.type, "code": error.code, "message": error.message, "param": error.param}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
