"""Models that their vendors take away: who asks for one is told in time what to ask for instead."""

from __future__ import annotations

from datetime import date, timedelta

from llm.errors import NotFound
from llm.registry import ModelSpec

NOTICE = timedelta(days=90)
"""How long before its last day a model warns."""


def warning(model: ModelSpec, today: date) -> str | None:
    """What an answer of `model` is to warn of."""
    if model.retires_on is None or model.retires_on > today + NOTICE:
        return None
    told = "was retired" if model.retires_on <= today else "will be retired"
    instead = f"; ask for {model.successor} instead" if model.successor else ""
    return f"{model.name} {told} on {model.retires_on}{instead}"


def refusal(model: ModelSpec, today: date) -> NotFound | None:
    """The error for a model that is gone: retired, and no route leads to it any more."""
    if model.routes or model.retires_on is None or model.retires_on > today:
        return None
    hint = f"Ask for {model.successor} instead." if model.successor else None
    message = f"The model {model.name} was retired on {model.retires_on}."
    return NotFound(message, param="model", code="model_retired", hint=hint)
