"""The Test button of a provider: what its vendor answers, and what to mend where it does not."""

from __future__ import annotations

import time
from dataclasses import dataclass

from llm.bridge import bridge
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderError,
    ProviderModelMissing,
    ProviderOffLimits,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm.models import Provider
from llm.models.frozen import provider_spec
from llm.wiring import probe

MOST_NAMED = 8
MENDS: dict[type[ProviderError], str] = {
    ProviderAuth: "Enter a key that the vendor knows as the new secret, save, and test again; look at the account at "
    "the vendor too.",
    ProviderModelMissing: "Look at the address: it ends where the vendor's paths begin, mostly with /v1.",
    ProviderRefused: "Look at the address and the kind: what answers there does not know this question.",
    ProviderRateLimited: "The key is known, and its limit at the vendor is used up; try again later.",
    ProviderOverloaded: "The address is right, and the vendor has trouble of its own; try again later.",
    ProviderTimeout: "Look at the address, and whether a firewall drops the connection.",
    ProviderOffLimits: "Look at the host of the address; where it is yours, list it there.",
    ProviderUnreachable: "Look at the host and the port of the address, whether this machine may connect to them, and "
    "that the certificate there is one it trusts.",
    ProviderBroken: "Look at the address and the kind: what answers there does not speak this vendor's language.",
}


@dataclass(slots=True, frozen=True)
class Finding:
    passed: bool
    text: str


def examine(provider: Provider) -> Finding:
    """Ask the vendor of the row as it is saved. No secret is in what comes back."""
    began = time.monotonic()
    try:
        found = bridge().run(probe(provider_spec(provider)))
    except ProviderError as error:
        said = f"{_problem(error)} {_mend(provider, error)}".strip()
        return Finding(False, f"{provider.name} after {_took(began)}: {said}")
    return Finding(True, f"{provider.name} answered in {_took(began)}. {_models(found.models)}")


def _took(began: float) -> str:
    return f"{time.monotonic() - began:.2f} s"


def _problem(error: ProviderError) -> str:
    status = f" (status {error.upstream_status})" if error.upstream_status else ""
    return f"{error.message.rstrip('.')}{status}."


def _mend(provider: Provider, error: ProviderError) -> str:
    if isinstance(error, ProviderAuth) and not provider.has_secret:
        return "No secret is set: enter the vendor's key, save, and test again."
    return next((mend for kind, mend in MENDS.items() if isinstance(error, kind)), "")


def _models(names: tuple[str, ...]) -> str:
    if not names:
        return "It names no models to this key."
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"It names {len(names):,} model{'s' if len(names) > 1 else ''}: {', '.join(names[:MOST_NAMED])}{more}."
