"""The Test button of a provider: what its vendor answers, and what to mend where it does not."""

from __future__ import annotations

import time
from dataclasses import dataclass

from llm.bridge import bridge
from llm.errors import ProviderAuth, ProviderError
from llm.mends import mend
from llm.models import Provider
from llm.models.frozen import provider_spec
from llm.wiring import probe

MOST_NAMED = 8


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
    return mend(error)


def _models(names: tuple[str, ...]) -> str:
    if not names:
        return "It names no models to this key."
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"It names {len(names):,} model{'s' if len(names) > 1 else ''}: {', '.join(names[:MOST_NAMED])}{more}."
