"""Client tokens: what they give of a key, for how long, and who can open them."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from llm import client_tokens, vault
from llm.call import Caller
from llm.client_tokens import ClientTokens, Grant, covers, opened
from llm.errors import Unauthenticated
from llm.registry import Limits
from tests.llm.costs import cost
from tests.llm.doubles import HandClock

DIGEST = "d" * 64


def secrets_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def caller(**said: Any) -> Caller:
    defaults = {"key_id": 1, "key_name": "backend", "organisation_id": 1, "organisation": "acme"}
    return Caller(**{**defaults, **said})


def grant(clock: HandClock, **said: Any) -> Grant:
    expires_at = clock.now().replace(microsecond=0) + timedelta(minutes=15)
    return Grant(**{"key": DIGEST, "user_id": "u-1", "expires_at": expires_at, **said})


class TestSealing:
    def test_a_token_opens_as_what_was_granted(self, clock: HandClock) -> None:
        given = grant(
            clock,
            user_id="ümläut ☃",
            scopes=frozenset({"generate"}),
            models=("gpt-*", "echo"),
            origins=frozenset({"https://app.example"}),
        )

        assert opened(given.sealed()) == replace(given, models=("echo", "gpt-*"))
        assert opened(grant(clock).sealed()) == grant(clock)

    def test_it_shows_nothing_of_the_key_and_fits_wherever_a_key_fits(self, clock: HandClock) -> None:
        token = grant(clock).sealed()

        assert token.startswith("ght_")
        assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
        assert DIGEST not in token
        assert len(token) < 400

    def test_the_longest_there_can_be_opens(self, clock: HandClock) -> None:
        names = [f"{at:02}" + "m" * 254 for at in range(client_tokens.MOST_MODELS)]
        full = grant(
            clock,
            user_id="☃" * 256,
            models=tuple(names),
            origins=frozenset(names[: client_tokens.MOST_ORIGINS]),
        )

        assert opened(full.sealed()) == full

    @pytest.mark.parametrize("harm", ["", "x", "ght_", "cut", "changed", "é", "\udcff", "=", "long"])
    def test_what_was_not_sealed_here_is_refused(self, clock: HandClock, harm: str) -> None:
        token = grant(clock).sealed()
        bad = {
            "cut": token[:-8],
            "changed": token[:60] + ("A" if token[60] != "A" else "B") + token[61:],
            "long": token * 100,
        }.get(harm, f"ght_{harm}")

        with pytest.raises(Unauthenticated) as refused:
            opened(bad)

        assert refused.value.code == "invalid_client_token"
        assert token[5:40] not in str(refused.value)

    def test_neither_another_installations_secret_nor_one_for_another_purpose_makes_a_token(
        self, clock: HandClock, settings: Settings
    ) -> None:
        foreign = "ght_" + vault.current().seal('["d","u-1",1,null,null,null]').rstrip("=")
        token = grant(clock).sealed()
        settings.SECRETS_KEYS = [secrets_key()]

        for bad in (foreign, token):
            with pytest.raises(Unauthenticated):
                opened(bad)

    def test_it_outlives_a_rotation_while_both_secrets_are_listed(self, clock: HandClock, settings: Settings) -> None:
        token, former = grant(clock).sealed(), settings.SECRETS_KEYS[0]

        settings.SECRETS_KEYS = [secrets_key(), former]

        assert opened(token) == grant(clock)


class TestNarrowing:
    def test_what_was_not_named_is_the_keys_own_but_for_what_must_be_asked_for(self, clock: HandClock) -> None:
        key = caller(scopes=frozenset({"generate", "organisation", "prompts.write", "prompts.publish"}), models=("a*",))

        narrowed = grant(clock).narrowed(key)

        assert (narrowed.models, narrowed.user_id) == (("a*",), "u-1")
        assert narrowed.scopes == {"generate"}
        assert (narrowed.key_id, narrowed.organisation_id) == (key.key_id, key.organisation_id)

    def test_a_dangerous_scope_comes_only_if_asked_for_and_had(self, clock: HandClock) -> None:
        asked = grant(clock, scopes=frozenset({"generate", "organisation"}))

        assert asked.narrowed(caller(scopes=frozenset({"generate", "organisation"}))).scopes == asked.scopes
        assert asked.narrowed(caller(scopes=frozenset({"generate"}))).scopes == {"generate"}

    def test_it_is_held_against_the_key_as_it_is_now(self, clock: HandClock) -> None:
        given = grant(clock, models=("gpt-4o", "claude-*"), origins=frozenset({"https://a.example"}))
        before = given.narrowed(caller(origins=frozenset({"*"}), limits=Limits(9)))
        after = given.narrowed(caller(models=("gpt-*",), origins=frozenset({"https://b.example"})))

        assert before.models == ("gpt-4o", "claude-*")
        assert before.origins == {"https://a.example"}
        assert before.limits.requests_per_minute == 9
        assert (after.models, after.origins) == (("gpt-4o",), frozenset())

    def test_it_ends_no_later_than_the_key(self, clock: HandClock) -> None:
        soon = clock.now() + timedelta(minutes=1)

        assert grant(clock).narrowed(caller(expires_at=soon)).expires_at == soon

    def test_what_is_beyond_the_key_is_named(self, clock: HandClock) -> None:
        asked = grant(
            clock,
            scopes=frozenset({"usage", "generate"}),
            models=("gpt-4o", "other"),
            origins=frozenset({"https://a.example", "https://b.example"}),
        )
        key = caller(
            scopes=frozenset({"generate"}), models=("gpt-*",), origins=frozenset({"https://a.example", "https://*"})
        )

        assert asked.excess(key) == {"scopes": ["usage"], "models": ["other"], "origins": ["https://b.example"]}
        assert not any(grant(clock).excess(key).values())

    @pytest.mark.parametrize(
        ("pattern", "wanted"),
        [
            ("*", "a"),
            ("*", "a*b?"),
            ("gpt-*", "gpt-*"),
            ("gpt-*", "gpt-4o"),
            ("gpt-*", "gpt-4o*"),
            ("gpt-*", "gpt-?[a-z]"),
            ("g?t", "gpt"),
            ("a?*", "a?*"),
        ],
    )
    def test_a_pattern_covers_what_lies_in_it(self, pattern: str, wanted: str) -> None:
        assert covers(["no", pattern], wanted)

    @pytest.mark.parametrize(
        ("pattern", "wanted"),
        [("gpt-*", "*"), ("gpt-*", "gpt*"), ("a?", "a*"), ("a?*", "a*"), ("g?t", "g*t"), ("a", "[a]"), ("a", "A")],
    )
    def test_a_pattern_covers_nothing_that_reaches_beyond_it(self, pattern: str, wanted: str) -> None:
        assert not covers([pattern], wanted)
        assert not covers([], wanted)


class TestClientTokens:
    def test_a_token_is_good_until_its_end(self, clock: HandClock) -> None:
        tokens, token = ClientTokens(clock), grant(clock).sealed()

        clock.seconds += 899
        assert tokens.grant(token).user_id == "u-1"
        clock.seconds += 1
        with pytest.raises(Unauthenticated) as refused:
            tokens.grant(token)
        assert refused.value.code == "expired_client_token"

    @pytest.mark.alone
    def test_a_token_in_use_is_not_opened_again(self, clock: HandClock) -> None:
        tokens, token, key = ClientTokens(clock), grant(clock).sealed(), caller()
        tokens.caller(token, key)

        def verify() -> None:
            tokens.grant(token)
            tokens.caller(token, key)

        assert cost(verify) < cost(lambda: opened(token)) / 4

    def test_a_change_of_the_key_is_seen_at_once(self, clock: HandClock) -> None:
        tokens, token, key = ClientTokens(clock), grant(clock).sealed(), caller()
        first = tokens.caller(token, key)

        assert tokens.caller(token, key) is first
        assert tokens.caller(token, replace(key, limits=Limits(3))).limits.requests_per_minute == 3

    def test_no_flood_of_tokens_fills_the_memory(self, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_tokens, "MOST_HELD", 3)
        tokens = ClientTokens(clock)
        made = [grant(clock, user_id=f"u-{at}").sealed() for at in range(10)]

        assert [tokens.grant(token).user_id for token in made] == [f"u-{at}" for at in range(10)]
        assert len(tokens._grants) <= 3
