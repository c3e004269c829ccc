"""Everything that can go wrong with a call, as one tree.

GatewayError
├── CallerError                   the caller can mend it
│   ├── MalformedBody             400  not JSON, not an object, too deep, duplicate keys
│   ├── InvalidField              422  a field; `param` is its path
│   │   ├── UnsupportedCapability 422
│   │   └── ContextTooLong        422
│   ├── Unauthenticated           401
│   ├── Forbidden                 403
│   ├── NotFound                  404  an unknown model, provider or record
│   ├── Conflict                  409  somebody else was first
│   ├── BodyTooLarge              413
│   ├── UnpricedModel             403  a hard budget cannot hold what has no price
│   └── RateLimited               429
│       └── BudgetExceeded        429
├── Unavailable                   503  ours: the store is down
│   └── GoingAway                 503  this process stops
├── DeadlineExceeded              504  ours: the call's own time is up
└── ProviderError                 502  the vendor's; `retryable` drives everything above it
    ├── ProviderRefused           400  the vendor calls the request bad (400, 404, 413, 422)
    │   ├── ProviderContextTooLong
    │   ├── ProviderContentFilter
    │   └── ProviderModelMissing  404
    ├── ProviderUnsupported       422  what is asked has no words in the vendor's dialect: another route may have some
    ├── ProviderAuth              502  the vendor refuses our credentials: the operator's problem
    ├── ProviderRateLimited       429
    │   └── ProviderBusy          429  ours: its limits leave no room in time
    ├── ProviderOverloaded        503
    ├── ProviderTimeout           504
    ├── ProviderUnreachable       502  no connection
    ├── ProviderOffLimits         502  its address leads where calls may not go
    └── ProviderBroken            502  a cut stream, an answer that is none, 5xx
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(slots=True, frozen=True)
class Limit:
    """The limit that refused a call. `scope` is key, team, organisation, user, tag or provider; a budget's amounts are
    decimal dollars."""

    name: str
    scope: str
    used: int | str
    max: int | str
    resets_at: datetime | None


class GatewayError(Exception):
    """Class attributes say how an error is answered; instances say what happened, in words a stranger understands."""

    status: int = 500
    type: str = "internal_error"
    code: str = "internal_error"
    source: Literal["gateway", "provider"] = "gateway"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.hint = hint
        self.retry_after = retry_after
        self.limit = limit
        if code is not None:
            self.code = code


class CallerError(GatewayError):
    status = 400
    type = "invalid_request"
    code = "invalid_request"


class MalformedBody(CallerError):
    code = "malformed_body"


class InvalidField(CallerError):
    status = 422
    code = "invalid_field"


class UnsupportedCapability(InvalidField):
    code = "unsupported_capability"


class ContextTooLong(InvalidField):
    code = "context_length_exceeded"


class Unauthenticated(CallerError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(CallerError):
    status = 403
    type = "permission_denied"
    code = "permission_denied"


class NotFound(CallerError):
    status = 404
    type = "not_found"
    code = "not_found"


class Conflict(CallerError):
    status = 409
    type = "conflict"
    code = "conflict"


class BodyTooLarge(CallerError):
    status = 413
    type = "request_too_large"
    code = "request_too_large"


class RateLimited(CallerError):
    status = 429
    type = "rate_limited"
    code = "rate_limited"


class BudgetExceeded(RateLimited):
    type = "insufficient_quota"
    code = "insufficient_quota"


class UnpricedModel(CallerError):
    status = 403
    type = "permission_denied"
    code = "unpriced_model"


class Unavailable(GatewayError):
    status = 503
    type = "unavailable"
    code = "unavailable"


class GoingAway(Unavailable):
    """This process stops: another one, or the next, will serve."""

    code = "going_away"

    def __init__(self) -> None:
        super().__init__("The gateway is going away; ask again.", retry_after=1.0)


class DeadlineExceeded(GatewayError):
    status = 504
    type = "timeout"
    code = "deadline_exceeded"


class ProviderError(GatewayError):
    """`upstream_status` is the vendor's own status, if it sent one; `fallback` says whether another route may help."""

    status = 502
    type = "provider_error"
    code = "provider_error"
    source: Literal["gateway", "provider"] = "provider"
    fallback: bool = True

    def __init__(
        self,
        message: str,
        *,
        upstream_status: int | None = None,
        param: str | None = None,
        code: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code, hint=hint, retry_after=retry_after, limit=limit)
        self.upstream_status = upstream_status


class ProviderRefused(ProviderError):
    status = 400
    type = "invalid_request"
    code = "provider_refused"
    fallback = False


class ProviderContextTooLong(ProviderRefused):
    code = "context_length_exceeded"


class ProviderContentFilter(ProviderRefused):
    code = "content_filter"


class ProviderModelMissing(ProviderRefused):
    """The vendor does not know the route's model: another route may."""

    status = 404
    type = "not_found"
    code = "provider_model_not_found"
    fallback = True


class ProviderUnsupported(ProviderError):
    """Raised before the vendor is asked, so that it is our word and no vendor's."""

    status = 422
    type = "invalid_request"
    code = "unsupported_content"
    source = "gateway"


class ProviderAuth(ProviderError):
    type = "provider_auth"
    code = "provider_auth"


class ProviderRateLimited(ProviderError):
    status = 429
    type = "rate_limited"
    code = "provider_rate_limited"
    retryable = True


class ProviderBusy(ProviderRateLimited):
    """By our own count, before the vendor is asked: another route may have room, and the caller may try again."""

    code = "provider_busy"
    source = "gateway"
    retryable = False


class ProviderOverloaded(ProviderError):
    status = 503
    type = "unavailable"
    code = "provider_overloaded"
    retryable = True


class ProviderTimeout(ProviderError):
    status = 504
    type = "provider_timeout"
    code = "provider_timeout"
    retryable = True


class ProviderUnreachable(ProviderError):
    code = "provider_unreachable"
    retryable = True


class ProviderOffLimits(ProviderError):
    code = "provider_address"


class ProviderBroken(ProviderError):
    code = "provider_broken"
    retryable = True
