"""From a native request and whoever asks to a Call, for the ways in that are not HTTP."""

from __future__ import annotations

from collections.abc import Awaitable

from llm.call import Call, Caller, new_id
from llm.dialects import native
from llm.surfaces.auth import check_scope
from llm.surfaces.http import DEADLINE
from llm.types import JsonObject
from llm.wiring import clock


async def open_call(body: JsonObject, asker: Awaitable[Caller], surface: str) -> Call:
    """Raises Forbidden and InvalidField, and what finding out who asks raises."""
    began = clock().monotonic()
    caller = await asker
    check_scope(caller, "generate")
    return Call(new_id(), native.parse_request(body), caller, surface, began, began + DEADLINE)
