"""The exact cache: answers kept for a while under everything that made them what they are.

Identical requests in flight share one upstream call: the first leads, the others follow and replay its answer.
"""

from llm.cache.answers import Cache, CachedAnswer, Lease, NullCache
from llm.cache.keys import cache_key, is_cacheable, reads_cache, worth_keeping
from llm.cache.memory import MemoryCache
from llm.cache.redis import RedisCache

__all__ = [
    "Cache",
    "CachedAnswer",
    "Lease",
    "MemoryCache",
    "NullCache",
    "RedisCache",
    "cache_key",
    "is_cacheable",
    "reads_cache",
    "worth_keeping",
]
