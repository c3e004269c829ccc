"""`python -m tests.llm.surfaces.python_door`: asks through `llm.generate` and its three siblings, or leaves midway.

Or sends a task, which is given no more of the key than its id. Reads `{"key": …, "key_id": …, "asked": [[way, request],
…]}`, writes a line of JSON for each: the pieces that came (one where the answer came whole), or the error.
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
from config.celery import app
from llm.errors import GatewayError

Pieces = list[dict[str, Any]]
TOLD = ("type", "code", "message", "param")


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


def through_celery(way: str, request: dict[str, Any], key_id: int) -> Any:
    """What the worker answers, or the error that it tells; of a task that nobody waits for, its id."""
    task = app.send_task("llm.tasks.generate", [request, key_id])
    if way == "sent":
        return [{"task": task.id}]
    came = task.get(timeout=60, propagate=False)
    return {name: came.args[0][name] for name in TOLD} if isinstance(came, Exception) else [came]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    task = json.load(sys.stdin)
    for way, request in task["asked"]:
        try:
            if way in ("celery", "sent"):
                told: Any = through_celery(way, request, task["key_id"])
            else:
                told = ask(way, request, task["key"])
        except GatewayError as error:
            told = {name: getattr(error, name) for name in TOLD}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
