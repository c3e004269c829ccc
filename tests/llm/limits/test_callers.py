"""Keys, teams and organisations over their limits are refused, and told which and when there is room."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest

from llm.errors import RateLimited
from llm.limits import FREE, Admission, MemoryMeters, MeteredLimiter, Meters, NoLimiter, RedisMeters
from llm.limits.reckoning import MODEST
from llm.redis import GuardedRedis
from llm.registry import Limits
from llm.types import Options
from tests.llm.doubles import HandClock
from tests.llm.limits.demands import asked, caller
from tests.services import free_port


@pytest.fixture
def limiter(meters: Meters, clock: HandClock) -> MeteredLimiter:
    return MeteredLimiter(meters, clock)


async def refusal(admission: Awaitable[Admission]) -> RateLimited:
    with pytest.raises(RateLimited) as raised:
        await admission
    return raised.value


async def test_a_refusal_says_which_limit_and_when_there_is_room_again(
    limiter: MeteredLimiter, clock: HandClock
) -> None:
    key = caller(Limits(2))
    await limiter.admit(asked(key))
    clock.seconds += 20
    await limiter.admit(asked(key))
    clock.seconds += 10
    error = await refusal(limiter.admit(asked(key)))
    limit = error.limit
    assert limit is not None
    assert (limit.name, limit.scope, limit.used, limit.max) == ("requests_per_minute", "key", 2, 2)
    assert error.retry_after == pytest.approx(30)
    assert limit.resets_at == clock.now() + timedelta(seconds=30)
    assert (error.status, error.code) == (429, "rate_limited")
    assert error.message == "This key has made 2 requests in the last minute; its limit is 2."


@pytest.mark.parametrize(
    ("limits", "name", "word"),
    [
        (Limits(1), "requests_per_minute", "made 1 requests in the last minute"),
        (Limits(tokens_per_minute=600), "tokens_per_minute", "used 508 tokens in the last minute"),
        (Limits(max_concurrency=1), "max_concurrency", "has 1 requests on their way"),
    ],
)
@pytest.mark.parametrize(
    ("scope", "whose"), [("key", "This key"), ("team", "The team web"), ("organisation", "The organisation acme")]
)
async def test_every_limit_of_every_scope_refuses_with_its_name(
    limiter: MeteredLimiter, limits: Limits, name: str, word: str, scope: str, whose: str
) -> None:
    by = caller(**{scope: limits})
    await limiter.admit(asked(by))
    error = await refusal(limiter.admit(asked(by)))
    assert error.limit is not None
    assert (error.limit.scope, error.limit.name) == (scope, name)
    assert error.message.startswith(f"{whose} has ")
    assert word in error.message
    assert error.retry_after is not None
    assert error.retry_after > 0


async def test_keys_of_a_team_share_its_limit_and_teams_that_of_their_organisation(limiter: MeteredLimiter) -> None:
    one = caller(Limits(5), team=Limits(2), organisation=Limits(3))
    other = replace(one, key_id=one.key_id + 1)
    elsewhere = replace(other, key_id=one.key_id + 2, team_id=77, team="ops")
    await limiter.admit(asked(one))
    await limiter.admit(asked(other))
    assert "The team web" in (await refusal(limiter.admit(asked(one)))).message
    await limiter.admit(asked(elsewhere))
    assert "The organisation acme" in (await refusal(limiter.admit(asked(elsewhere)))).message


async def test_what_one_limit_refuses_counts_against_none(limiter: MeteredLimiter, clock: HandClock) -> None:
    by = caller(Limits(3), organisation=Limits(1))
    await limiter.admit(asked(by))
    for _ in range(5):
        await refusal(limiter.admit(asked(by)))
    again = asked(replace(by, organisation_limits=Limits()))
    await limiter.admit(again)
    assert again.limits["x-ratelimit-remaining-requests"] == "1"


async def test_tokens_are_reckoned_by_the_prompt_and_the_answers_bound(limiter: MeteredLimiter) -> None:
    by = caller(Limits(tokens_per_minute=10_000))
    bounded, unbounded, several = asked(by, max_tokens=200), asked(by), asked(by, max_tokens=100)
    several.request.options = Options(max_tokens=100, n=3)
    left = 10_000
    for call, answer in ((bounded, 200), (unbounded, MODEST), (several, 300)):
        await limiter.admit(call)
        left -= 8 + answer
        assert call.limits["x-ratelimit-remaining-tokens"] == str(left)


async def test_a_key_may_say_what_to_reckon_an_unbounded_answer_with(limiter: MeteredLimiter) -> None:
    call = asked(caller(Limits(tokens_per_minute=10_000), reserve_max_tokens=4_000))
    await limiter.admit(call)
    assert call.limits["x-ratelimit-remaining-tokens"] == str(10_000 - 4_008)


async def test_what_was_really_used_counts_in_the_end(limiter: MeteredLimiter) -> None:
    by = caller(Limits(tokens_per_minute=1_000))
    (await limiter.admit(asked(by, max_tokens=900))).leave(100)
    call = asked(by, max_tokens=800)
    await limiter.admit(call)
    assert call.limits["x-ratelimit-remaining-tokens"] == "92"


async def test_an_answer_that_may_be_longer_than_the_limit_takes_the_whole_minute(limiter: MeteredLimiter) -> None:
    by = caller(Limits(tokens_per_minute=1_000))
    first = asked(by, max_tokens=50_000)
    admission = await limiter.admit(first)
    assert first.limits["x-ratelimit-remaining-tokens"] == "0"
    await refusal(limiter.admit(asked(by)))
    admission.leave(300)
    await limiter.admit(asked(by))


async def test_a_prompt_longer_than_the_limit_is_refused_and_nobody_is_told_to_try_again(
    limiter: MeteredLimiter,
) -> None:
    call = asked(caller(team=Limits(tokens_per_minute=100)), text="word " * 200)
    error = await refusal(limiter.admit(call))
    assert error.message == "The team web may use 100 tokens a minute; the prompt has about 207."
    assert (error.retry_after, call.headers["x-should-retry"]) == (None, "false")


async def test_a_hit_of_the_cache_is_a_request_and_no_tokens(limiter: MeteredLimiter) -> None:
    by = caller(Limits(5, 600))
    await limiter.admit(asked(by))
    hit = asked(by)
    await limiter.admit(hit, hit=True)
    assert (hit.limits["x-ratelimit-remaining-requests"], hit.limits["x-ratelimit-remaining-tokens"]) == ("3", "92")


async def test_the_tightest_limit_stands_in_the_headers(limiter: MeteredLimiter, clock: HandClock) -> None:
    call = asked(caller(Limits(600, 90_000), team=Limits(100), organisation=Limits(5_000, 1_000)))
    await limiter.admit(call)
    assert call.limits == {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "99",
        "x-ratelimit-reset-requests": "1m0s",
        "anthropic-ratelimit-requests-limit": "100",
        "anthropic-ratelimit-requests-remaining": "99",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:17:40Z",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "492",
        "x-ratelimit-reset-tokens": "1m0s",
        "anthropic-ratelimit-tokens-limit": "1000",
        "anthropic-ratelimit-tokens-remaining": "492",
        "anthropic-ratelimit-tokens-reset": "2026-01-01T00:17:40Z",
    }


async def test_who_only_looks_is_told_what_is_left_and_counts_nowhere(
    limiter: MeteredLimiter, clock: HandClock
) -> None:
    by = caller(Limits(2, 600, 1))
    call = asked(by)
    for _ in range(3):
        await limiter.look(call)
        assert call.limits["x-ratelimit-remaining-requests"] == "2"
        assert call.limits["x-ratelimit-reset-requests"] == "0ms"
    await limiter.admit(asked(by))
    clock.seconds += 10
    await limiter.look(call)
    assert call.limits["x-ratelimit-remaining-requests"] == "1"
    assert call.limits["x-ratelimit-reset-requests"] == "50s"


async def test_a_refusal_has_the_headers_too(limiter: MeteredLimiter) -> None:
    by = caller(Limits(1, 90_000))
    await limiter.admit(asked(by))
    call = asked(by)
    await refusal(limiter.admit(call))
    assert call.limits["x-ratelimit-remaining-requests"] == "0"
    assert call.limits["x-ratelimit-remaining-tokens"] == str(90_000 - 508)


async def test_the_unlimited_have_nothing_to_show_and_cost_no_round_trip() -> None:
    meters = RedisMeters(GuardedRedis(f"redis://127.0.0.1:{free_port()}"))
    call = asked()
    assert await MeteredLimiter(meters).admit(call) is FREE
    assert (call.limits, meters.fallbacks) == ({}, 0)


async def test_no_limiter_admits_everybody() -> None:
    limiter = NoLimiter()
    (await limiter.admit(asked(caller(Limits(0))))).leave(5)


async def test_two_ways_of_the_same_key_share_its_limit() -> None:
    """A client token is its key with a user, and a task its key by another name."""
    limiter, key = MeteredLimiter(MemoryMeters()), caller(Limits(2))
    await limiter.admit(asked(replace(key, user_id="u-1")))
    await limiter.admit(asked(key, surface="celery"))
    await refusal(limiter.admit(asked(replace(key, user_id="u-2"))))
