"""How much of its limits somebody has used, looked at while nothing is taken; and what each is counted under."""

from __future__ import annotations

from dataclasses import replace

from llm.limits.meters import Meters, Reading, demands_on
from llm.registry import Limits

PREFIX = "gatehouse:limits"
MINUTE = 60.0


def of_organisation(organisation_id: int) -> str:
    """The hash tag: in a cluster, all that limits one caller lies in one slot."""
    return f"{PREFIX}:{{{organisation_id}}}"


def of_team(organisation_id: int, team_id: int | None) -> str:
    return f"{of_organisation(organisation_id)}:team:{team_id}"


def of_key(organisation_id: int, key_id: int) -> str:
    return f"{of_organisation(organisation_id)}:key:{key_id}"


def of_provider(provider_id: int) -> str:
    return f"{PREFIX}:{{provider:{provider_id}}}"


async def usage(meters: Meters, limits: Limits, counted_under: str, *, window: float = MINUTE) -> list[Reading]:
    """One reading for each limit that there is; `used` is of the last `window` seconds, or what is on its way."""
    demands = demands_on(limits, counted_under, "", tokens=0, window=window)
    return (await meters.take([replace(demand, wanted=0) for demand in demands])).readings
