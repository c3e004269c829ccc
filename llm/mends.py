"""What to do about a provider that fails: the admin's Test button and `manage.py doctor` say the same."""

from __future__ import annotations

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

MENDS: dict[type[ProviderError], str] = {
    ProviderAuth: "Enter a key that the vendor knows as its new secret, and look at the account at the vendor too.",
    ProviderModelMissing: "Look at the address: it ends where the vendor's paths begin, mostly with /v1.",
    ProviderRefused: "Look at the address and the kind: what answers there does not know this question.",
    ProviderRateLimited: "The key is known, and its limit at the vendor is used up; try again later.",
    ProviderOverloaded: "The address is right, and the vendor has trouble of its own; try again later.",
    ProviderTimeout: "Look at the address, and whether a firewall drops the connection.",
    ProviderOffLimits: "Look at the host of the address; where it is yours, list it in ALLOWED_PRIVATE_HOSTS.",
    ProviderUnreachable: "Look at the host and the port of the address, whether this machine may connect to them, and "
    "that the certificate there is one it trusts.",
    ProviderBroken: "Look at the address and the kind: what answers there does not speak this vendor's language.",
}
"""The more particular errors come first."""


def mend(error: ProviderError) -> str:
    """Empty where nothing is known to help."""
    return next((said for kind, said in MENDS.items() if isinstance(error, kind)), "")
