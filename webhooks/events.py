"""What there is to tell: the events, and an example of each for whoever tries out a receiver."""

from __future__ import annotations

from llm.types import JsonObject

ALERT, EXCEEDED, OPENED, CLOSED = "budget.alert", "budget.exceeded", "circuit.opened", "circuit.closed"
EVENTS = {
    ALERT: "a budget has reached a share at which somebody wants to know",
    EXCEEDED: "a budget is spent in full, or has refused a call because of what is spent",
    OPENED: "a provider fails and is left alone for a while",
    CLOSED: "that provider answers again",
}
OF_NOBODY = (OPENED, CLOSED)
"""These belong to no organisation: only webhooks for all of them hear of them."""
TEST = "webhook.test"
"""Sent by hand to any webhook, whatever it wants to hear."""


def message(event: str, timestamp: str, data: JsonObject) -> JsonObject:
    """The body of a webhook's message; `timestamp` is when it happened, in ISO 8601."""
    return {"type": event, "timestamp": timestamp, "data": data}
