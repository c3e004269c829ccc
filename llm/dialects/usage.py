"""The usage an answer tells of: the vendor's own, else what the record was settled with."""

from __future__ import annotations

from llm.call import Record
from llm.types import Completion, Usage


def usage_of(record: Record, completion: Completion) -> Usage:
    if completion.usage is not None:
        return completion.usage
    return Usage(
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        total_tokens=record.total_tokens,
        cached_tokens=record.cached_tokens,
        cache_write_tokens=record.cache_write_tokens,
        reasoning_tokens=record.reasoning_tokens,
        estimated=record.usage_estimated,
    )
