"""From a key and a native request to a Call, for the ways in that are not HTTP."""

from __future__ import annotations

from llm.call import Call, new_id
from llm.dialects import native
from llm.surfaces.auth import check_scope, identify
from llm.surfaces.http import DEADLINE
from llm.types import JsonObject
from llm.wiring import clock


async def open_call(body: JsonObject, key: str, surface: str) -> Call:
    """Raises Unauthenticated, Forbidden, InvalidField; Unavailable while nobody can tell whose key it is."""
    began = clock().monotonic()
    caller = await identify(key)
    check_scope(caller, "generate")
    return Call(new_id(), native.parse_request(body), caller, surface, began, began + DEADLINE)
