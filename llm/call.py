"""One request in flight: who asks (Caller), what for (Call), and what the log will say of it (Record)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import uuid_utils

from llm.budgets import BudgetSpec, Charge
from llm.registry import UNLIMITED, Limits, RouteSpec
from llm.types import Completion, JsonObject, Request

Status = Literal["ok", "refused", "error", "cancelled", "incomplete", "interrupted"]
CacheOutcome = Literal["hit", "miss", "off"]


class Clock(Protocol):
    """The two clocks of a machine, so that tests can hand in their own."""

    def now(self) -> datetime:
        """The instant, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True, frozen=True)
class Caller:
    """The authenticated key with its organisation, team, rights and limits. `models` are patterns; `*` is all."""

    key_id: int
    key_name: str
    organisation_id: int
    organisation: str
    team_id: int | None = None
    team: str | None = None
    scopes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ("*",)
    origins: frozenset[str] = frozenset()
    limits: Limits = UNLIMITED
    team_limits: Limits = UNLIMITED
    organisation_limits: Limits = UNLIMITED
    budgets: tuple[BudgetSpec, ...] = ()
    """Those of the organisation that this key's calls may fall under."""
    reserve_max_tokens: int | None = None
    expires_at: datetime | None = None
    keeps_bodies: bool = True
    user_id: str | None = None
    """Set where the credential speaks for one user; it overrules what the request says."""

    @property
    def reserves(self) -> bool:
        """Whether its calls may have to set money aside before they leave."""
        return any(budget.hard for budget in self.budgets)


def new_id() -> UUID:
    """A UUIDv7, made at the edge: the generation, the record's key and the request id of every answer."""
    return UUID(int=uuid_utils.uuid7().int)


def public_id(identity: UUID) -> str:
    return f"gen_{identity}"


def created_at(identity: UUID) -> datetime:
    """The instant inside a UUIDv7, to the millisecond, in UTC."""
    return datetime.fromtimestamp((identity.int >> 80) / 1000, UTC)


Weigh = Callable[[Request], int]
"""The tokens of a request."""
Shorten = Callable[[Request, int, Weigh], Request]
"""The request with what is most needed of it, for a window of so many tokens."""


@dataclass(slots=True)
class Call:
    """One request in flight. `began` and `deadline` are on the monotonic clock, in seconds."""

    id: UUID
    request: Request
    caller: Caller
    surface: str
    began: float
    deadline: float | None = None
    record: Record = field(init=False)
    completion: Completion | None = None
    """The answer so far; whole once the stream has ended well."""
    has_begun: bool = False
    """Content has come: nothing can be tried again."""
    route: RouteSpec | None = None
    """The route tried last."""
    limits: dict[str, str] = field(default_factory=dict)
    """The headers that say what is left of the key's own limits, once it was let in."""
    headers: dict[str, str] = field(default_factory=dict)
    """What else the headers of its answer are to say."""
    waited: float = 0.0
    """Seconds spent waiting for others: for providers, back-off included, and for a turn."""
    shorten: Shorten | None = None
    """Where some of its messages may stay behind: asked when they are too long for the model."""
    prompt_estimate: int | None = None
    """Tokens of the prompt, once somebody had to know."""

    def __post_init__(self) -> None:
        self.record = Record.opened(self)

    @property
    def public_id(self) -> str:
        return public_id(self.id)


@dataclass(slots=True)
class Attempt:
    """One try at one route. `outcome` is ok, error, cancelled, lost (a hedge), or skipped: it was passed by; `error`
    the code of what went wrong.

    Times in milliseconds: `started_ms` since the call began, `queue_ms` waiting for a turn. `reason` says why it was
    made. Tokens, and `cost` in picodollars, are those of a try that was paid for beside the one that answered.
    """

    provider: str
    upstream_model: str
    outcome: str = "ok"
    error: str | None = None
    status: int | None = None
    latency_ms: float = 0.0
    model: str | None = None
    upstream_id: str | None = None
    reason: str | None = None
    started_ms: float | None = None
    queue_ms: float = 0.0
    cost: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def is_paid(self) -> bool:
        """Beside the one that answered."""
        return self.prompt_tokens > 0


@dataclass(slots=True)
class Record:
    """What the log will say of a call: one row. Times in milliseconds, money in picodollars (None: unknown price).

    `requests` is 1 but for refusals that came in a flood and were counted together.
    """

    id: UUID
    created_at: datetime
    status: Status = "ok"
    surface: str = ""
    dialect: str = ""
    http_status: int | None = None
    requests: int = 1

    organisation_id: int | None = None
    key_id: int | None = None
    team: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    purpose: str = "chat"
    priority: str = "normal"
    tags: dict[str, str] = field(default_factory=dict)
    sources: list[JsonObject] = field(default_factory=list)
    prompt: str | None = None
    prompt_version: int | None = None
    prompt_label: str | None = None

    model: str | None = None
    provider: str | None = None
    upstream_model: str | None = None
    upstream_id: str | None = None
    streamed: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    retries: int = 0
    fallback_used: bool = False
    cache: CacheOutcome = "off"
    finish_reason: str | None = None
    error_type: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    limit_scope: str | None = None
    limit_name: str | None = None
    """Of the `errors.Limit` that refused the call."""
    warnings: list[str] = field(default_factory=list)
    selection: str | None = None
    """Why this model, where the caller left the choice to us."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    usage_estimated: bool = False
    cost: int | None = 0
    saved: int | None = None
    price: JsonObject | None = None
    """The rates the cost was worked out from, picodollars per token; `hour_write_tokens` beside them where some of the
    written ones are kept for an hour, at a higher rate."""
    reserved: int | None = None
    """The most the call may cost, charged if it is interrupted; no column of its own."""
    charges: list[Charge] = field(default_factory=list)
    """The budgets it counts against; no column of its own."""

    queue_ms: float = 0.0
    first_token_ms: float | None = None
    latency_ms: float = 0.0
    overhead_ms: float = 0.0

    body: Body | None = None

    @property
    def tries(self) -> int:
        """How often a provider was asked."""
        return sum(attempt.outcome != "skipped" for attempt in self.attempts)

    @classmethod
    def opened(cls, call: Call) -> Record:
        request, caller = call.request, call.caller
        metadata = request.metadata
        return cls(
            id=call.id,
            created_at=created_at(call.id),
            surface=call.surface,
            dialect=request.dialect,
            organisation_id=caller.organisation_id,
            key_id=caller.key_id,
            team=caller.team,
            user_id=caller.user_id or metadata.user_id,
            session_id=metadata.session_id,
            request_id=metadata.request_id or call.public_id,
            purpose=metadata.purpose,
            priority=metadata.priority,
            tags=metadata.tags,
            sources=request.context.sources if request.context else [],
            model=request.model,
            streamed=request.stream,
        )


@dataclass(slots=True)
class Body:
    """What was said, kept apart from the record and for less long. Both sides are plain JSON."""

    request: Any
    answer: Any = None


class Recorder(Protocol):
    """Where records go. Neither method waits for a disk or a database; neither raises."""

    def depart(self, record: Record) -> None:
        """Journal that this call is about to leave for a provider. Once for each route it tries."""

    def finish(self, record: Record) -> Awaitable[object]:
        """Hand over the finished record. The result completes at its commit; nobody needs to wait for it."""


class Done:
    """An awaitable that nobody needs to await: it is over."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


class NullRecorder:
    """Forgets everything, at once."""

    def depart(self, record: Record) -> None:
        return None

    def finish(self, record: Record) -> Awaitable[object]:
        return Done()


class Metrics(Protocol):
    """Counts what passes. Neither method waits for anything; neither raises."""

    def observe(self, record: Record) -> None:
        """Count a settled call. Once for each."""

    def rejected(self, reason: str) -> None:
        """Count what never gets a record; `reason` is one of a few words of ours (`unauthenticated`, `malformed`)."""


class NullMetrics:
    """Counts nothing."""

    def observe(self, record: Record) -> None:
        return None

    def rejected(self, reason: str) -> None:
        return None


class Ledger(Protocol):
    async def cover(self, call: Call, amount: int | None) -> None:
        """Have `amount` picodollars (None: unknown) set aside in all in every hard budget `call` falls under; what it
        holds already counts. Raises BudgetExceeded, UnpricedModel, or Unavailable where the books are out of reach.

        What was set aside is released by the record that the recorder commits. One at a time for each call.
        """


class NoLedger:
    """Everybody may spend what they like."""

    async def cover(self, call: Call, amount: int | None) -> None:
        return None
