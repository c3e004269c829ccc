"""The way in through Celery: a request of the native dialect, answered in a worker; and what is done away with in time.

A message is done with when a worker takes it up (`acks_late` off): a killed worker never generates twice. What it had
begun is in the log as `interrupted`; a message still waiting goes to another worker where the broker keeps it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime

from celery import shared_task

from llm import claims
from llm.bridge import bridge
from llm.call import Caller, new_id, public_id
from llm.dialects import native
from llm.errors import GatewayError, Unauthenticated
from llm.surfaces.http import DEADLINE
from llm.surfaces.opening import open_call
from llm.surfaces.python import whole
from llm.types import JsonObject
from llm.wiring import catalog

SURFACE = "celery"
LIMIT = int(DEADLINE) + 5
"""Seconds until a call that has not kept its own deadline is cancelled."""
LAST = LIMIT + 30
"""Seconds until its process is killed."""


class GenerationFailed(Exception):
    """Carries the error as the native surface tells it, so that it is the same on the other side of a broker."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(error)
        self.error = error


@shared_task(
    name="llm.tasks.generate",
    throws=(GenerationFailed,),
    ignore_result=False,
    acks_late=False,
    max_retries=0,
    soft_time_limit=LIMIT,
    time_limit=LAST,
)
def generate(request: JsonObject, key_id: int, user_id: str | None = None) -> JsonObject:
    """The whole answer, as `POST /api/v1/generate/` gives it, for the key with that id; `user_id` overrules what the
    request says. Raises GenerationFailed. Retries are the router's: this task has none."""
    return bridge().run(generated(request, holder(key_id, user_id)))


async def generated(request: JsonObject, asker: Awaitable[Caller]) -> JsonObject:
    name = public_id(new_id())
    try:
        call = await open_call({**request, "stream": False}, asker, SURFACE)
        name = call.public_id
        return await whole(call)
    except GatewayError as error:
        _, body = native.render_error(error, name)
        raise GenerationFailed(body["error"]) from None


async def holder(key_id: int, user_id: str | None) -> Caller:
    """No secret travels with a task: the key is named by its id, and must still be good."""
    caller = await catalog().holder(key_id)
    if caller is None:
        raise Unauthenticated(f"The key {key_id} is unknown, expired or disabled.")
    return caller if user_id is None else replace(caller, user_id=user_id)


@shared_task
def prune_claims() -> int:
    """Deletes answers that were kept for a day, and the claims of calls that died; says how many."""
    return claims.prune(datetime.now(UTC))
