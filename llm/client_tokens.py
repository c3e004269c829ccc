"""Client tokens: one user's share of a key, for some minutes, sealed so that no table has to keep them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial

import orjson

from llm import vault
from llm.call import Caller, Clock
from llm.errors import Unauthenticated

PREFIX = "ght_"
LONGEST_LIFE = 900
"""Seconds."""
MOST_MODELS = 16
MOST_ORIGINS = 8
LONGEST_TOKEN = 10_000
"""Characters, more than a token of that many names has."""
MOST_HELD = 4_000
PURPOSE = "client token"
ONLY_WHEN_ASKED = frozenset({"organisation", "prompts.write", "prompts.publish", "prompts.secure"})
"""Scopes that a browser gets only if its back end says so."""
WILD = "*?["


def is_token(credential: str) -> bool:
    return credential.startswith(PREFIX)


@dataclass(slots=True, frozen=True)
class Grant:
    """What a token gives of the key that has the digest `key`. Models and origins that are None are the key's own."""

    key: str
    user_id: str
    expires_at: datetime
    scopes: frozenset[str] | None = None
    models: tuple[str, ...] | None = None
    origins: frozenset[str] | None = None

    def excess(self, caller: Caller) -> dict[str, list[str]]:
        """What it names that `caller` has not, under the field that names it."""
        return {
            "scopes": sorted((self.scopes or frozenset()) - caller.scopes),
            "models": [one for one in self.models or () if not covers(caller.models, one)],
            "origins": sorted(one for one in self.origins or () if not has_origin(caller, one)),
        }

    def narrowed(self, caller: Caller) -> Caller:
        """`caller`, the key as it is now, with no more than both of them allow."""
        scopes = caller.scopes - ONLY_WHEN_ASKED if self.scopes is None else self.scopes & caller.scopes
        models = caller.models if self.models is None else filter(partial(covers, caller.models), self.models)
        origins = caller.origins if self.origins is None else filter(partial(has_origin, caller), self.origins)
        return replace(
            caller,
            user_id=self.user_id,
            scopes=scopes,
            models=tuple(models),
            origins=frozenset(origins),
            expires_at=min(self.expires_at, caller.expires_at or self.expires_at),
        )

    def sealed(self) -> str:
        """The token."""
        told = orjson.dumps(
            [
                self.key,
                self.user_id,
                int(self.expires_at.timestamp()),
                *(None if said is None else sorted(said) for said in (self.scopes, self.models, self.origins)),
            ]
        )
        return PREFIX + vault.current(PURPOSE).seal(told.decode()).rstrip("=")


def opened(token: str) -> Grant:
    """Raises Unauthenticated for what this installation never sealed."""
    sealed = token.removeprefix(PREFIX)
    if len(token) > LONGEST_TOKEN or not sealed.isascii():
        raise invalid()
    try:
        told = vault.current(PURPOSE).open(sealed + "=" * (-len(sealed) % 4))
    except vault.Unopenable:
        raise invalid() from None
    key, user_id, expires_at, scopes, models, origins = orjson.loads(told)
    return Grant(
        key,
        user_id,
        datetime.fromtimestamp(expires_at, UTC),
        None if scopes is None else frozenset(scopes),
        None if models is None else tuple(models),
        None if origins is None else frozenset(origins),
    )


def invalid() -> Unauthenticated:
    return Unauthenticated(
        "The client token is none of this gateway's, or the key behind it is unknown, expired or disabled.",
        code="invalid_client_token",
    )


class ClientTokens:
    """Opens tokens and remembers those in use: one that was seen before costs a look into a dictionary.

    When too many are held all are forgotten, which costs each of them one more opening.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self._callers: dict[str, tuple[Caller, Caller]] = {}

    def grant(self, token: str) -> Grant:
        """Raises Unauthenticated."""
        grant = self._grants.get(token)
        if grant is None:
            grant = opened(token)
            if len(self._grants) >= MOST_HELD:
                self._grants, self._callers = {}, {}
            self._grants[token] = grant
        if grant.expires_at <= self._clock.now():
            raise Unauthenticated(
                "The client token has expired.", code="expired_client_token", hint="Ask your back end for another."
            )
        return grant

    def caller(self, token: str, key: Caller) -> Caller:
        """`key` as the token narrows it: worked out once for each change of the key."""
        known = self._callers.get(token)
        if known is None or known[0] is not key:
            known = self._callers[token] = (key, self.grant(token).narrowed(key))
        return known[1]


def covers(patterns: Iterable[str], wanted: str) -> bool:
    """Whether one of `patterns` matches all that `wanted`, a name or a pattern too, can match.

    Where that is hard to tell (a pattern inside another that is more than a beginning and a star) it says no.
    """
    return any(_covers(pattern, wanted) for pattern in patterns)


def _covers(pattern: str, wanted: str) -> bool:
    if pattern in ("*", wanted):
        return True
    beginning = _literal(wanted)
    if beginning == wanted:
        return fnmatchcase(wanted, pattern)
    return pattern == f"{_literal(pattern)}*" and beginning.startswith(_literal(pattern))


def _literal(pattern: str) -> str:
    """What it begins with, up to its first wildcard."""
    return pattern[: next((at for at, sign in enumerate(pattern) if sign in WILD), len(pattern))]


def has_origin(caller: Caller, origin: str) -> bool:
    return origin in caller.origins or "*" in caller.origins
