"""What a call comes to in the end, written into its record: outcome, usage, cost, times."""

from __future__ import annotations

from dataclasses import replace

from llm import prices, tokens
from llm.cache import CachedAnswer
from llm.call import Attempt, Body, Call
from llm.dialects import native
from llm.errors import GatewayError
from llm.types import Completion, Usage


def note_answer(call: Call) -> None:
    """The answer came to its end."""
    record, completion = call.record, call.completion or Completion()
    record.status, record.http_status = "ok", 200
    record.finish_reason = next((choice.finish_reason for choice in completion.choices), None)
    _note_usage(call, completion)
    _note_body(call)


def note_cached(call: Call, hit: CachedAnswer) -> None:
    """The answer comes from the cache: no provider is asked, nothing is paid, something is saved."""
    record = call.record
    record.cache, record.saved = "hit", hit.cost
    record.provider, record.model, record.upstream_model = hit.provider, hit.model, hit.upstream_model


def note_error(call: Call, error: GatewayError) -> None:
    """The call failed: refused before a provider was asked, in error, or incomplete after its first content."""
    record = call.record
    if call.has_begun:
        record.status = "incomplete"
        _note_usage(call, call.completion or Completion())
    elif record.tries or error.source == "provider" or error.status == GatewayError.status:
        record.status = "error"
    else:
        record.status = "refused"
    record.http_status = error.status
    record.error_type, record.error_code, record.error_message = error.type, error.code, error.message
    if error.limit is not None:
        record.limit_scope, record.limit_name = error.limit.scope, error.limit.name
    _note_body(call)


def note_cancelled(call: Call) -> None:
    """The client left. What a provider was asked and what it said until then is used up; a refused try cost nothing,
    and one that broke off what it had said."""
    record = call.record
    record.status = "cancelled"
    if (call.has_begun and record.tries) or any(attempt.outcome == "cancelled" for attempt in record.attempts):
        _note_usage(call, call.completion or Completion())
    _note_body(call)


def note_cut(call: Call, error: GatewayError) -> None:
    """We left, and told the client so: as far as it came it is used up, as if the client had left."""
    note_cancelled(call)
    record = call.record
    record.status, record.http_status = "incomplete" if call.has_begun else "error", error.status
    record.error_type, record.error_code, record.error_message = error.type, error.code, error.message


def note_begun(call: Call, now: float) -> None:
    """The first content of a stream. Our own share is fixed here: afterwards the client's reading would be in it."""
    call.has_begun = True
    if call.record.streamed:
        call.record.first_token_ms = (now - call.began) * 1000
        call.record.overhead_ms = _own_share(call, now)


def note_end(call: Call, now: float) -> None:
    call.record.latency_ms = (now - call.began) * 1000
    if call.record.first_token_ms is None:
        call.record.overhead_ms = _own_share(call, now)


def _own_share(call: Call, now: float) -> float:
    """Milliseconds that were not spent waiting for a provider."""
    return max(now - call.began - call.waited, 0.0) * 1000


def _note_usage(call: Call, completion: Completion) -> None:
    """Usage as the provider counted it, else our estimate; cost from the price at the time of the call. Tries that
    were paid for beside the one that answered are in the sum."""
    record = call.record
    paid = [attempt for attempt in record.attempts if attempt.is_paid]
    parts = [attempt for attempt in paid if attempt.outcome != "lost"]
    usage = completion.usage
    if usage is None or usage.estimated:
        usage = _estimate(call, completion, usage, sum(part.completion_tokens for part in parts))
    if record.cache == "hit":
        record.cost = 0
    elif call.route is not None:
        price = call.route.price_at(record.created_at)
        record.cost = prices.added(prices.cost(usage, price), *(attempt.cost for attempt in paid))
        record.price = price.rates(usage.prompt_tokens) if price else None
        if record.price and usage.hour_write_tokens:
            record.price["hour_write_tokens"] = usage.hour_write_tokens
    completion.usage = usage = _joined(usage, parts)
    record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens
    record.total_tokens = usage.total_tokens
    record.cached_tokens, record.cache_write_tokens = usage.cached_tokens, usage.cache_write_tokens
    record.reasoning_tokens, record.usage_estimated = usage.reasoning_tokens, usage.estimated
    record.upstream_id = completion.upstream_id
    record.upstream_model = completion.upstream_model or record.upstream_model


def _joined(usage: Usage, parts: list[Attempt]) -> Usage:
    """Of an answer that several tries wrote one after the other."""
    if not parts:
        return usage
    prompt = usage.prompt_tokens + sum(part.prompt_tokens for part in parts)
    said = usage.completion_tokens + sum(part.completion_tokens for part in parts)
    return replace(usage, prompt_tokens=prompt, completion_tokens=said, total_tokens=prompt + said, estimated=True)


def _estimate(call: Call, completion: Completion, so_far: Usage | None, elsewhere: int) -> Usage:
    """Of a stream that broke off the vendor may have counted the prompt, and of its answer the first word. Of what was
    said `elsewhere` tokens are another try's."""
    said = sum(
        tokens.estimate(choice.text) + tokens.estimate(choice.reasoning) + tokens.estimate(choice.refusal)
        for choice in completion.choices
    )
    said += sum(tokens.estimate(called.arguments) for choice in completion.choices for called in choice.tool_calls)
    counted = so_far or Usage(prompt_tokens=tokens.estimate_request(call.request), estimated=True)
    said = max(said - elsewhere, counted.completion_tokens)
    return replace(counted, completion_tokens=said, total_tokens=counted.prompt_tokens + said)


def _note_body(call: Call) -> None:
    if call.caller.keeps_bodies:
        call.record.body = Body(native.render_request(call.request), call.completion)
