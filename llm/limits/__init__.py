"""How much may be asked: by a caller, who is refused beyond it, and of a provider, where calls wait for their turn."""

from llm.limits.callers import FREE, Admission, Limiter, MeteredLimiter, NoLimiter
from llm.limits.memory import MemoryMeters
from llm.limits.meters import Meters
from llm.limits.shared import RedisMeters
from llm.limits.throttle import NoThrottle, Permit, Throttle, WaitingThrottle

__all__ = [
    "FREE",
    "Admission",
    "Limiter",
    "MemoryMeters",
    "MeteredLimiter",
    "Meters",
    "NoLimiter",
    "NoThrottle",
    "Permit",
    "RedisMeters",
    "Throttle",
    "WaitingThrottle",
]
