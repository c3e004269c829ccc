"""How much a model is to think: a level from Gemini 3 on, a budget of tokens before that."""

from __future__ import annotations

from llm.dialects.gemini.rendering import Rendering
from llm.types import JsonObject

LEVELS = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
}
BUDGETS = {"none": 0, "minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576}
"""Tokens, as Google's own endpoint for OpenAI clients translates the words."""
LEAST = 128
"""Tokens that 2.5 Pro cannot think without; its successors know no level below LOW."""


def render_thinking(effort: str, rendering: Rendering) -> JsonObject | None:
    """None for a word or a model that does not know of it. Thoughts come along wherever some were asked for."""
    if effort not in LEVELS or rendering.version < (2, 5):
        return None
    pro = "-pro" in rendering.model.lower()
    if rendering.version >= (3, 0):
        level = LEVELS[effort]
        thinking: JsonObject = {"thinkingLevel": "LOW" if pro and level == "MINIMAL" else level}
    else:
        thinking = {"thinkingBudget": max(BUDGETS[effort], LEAST if pro else 0)}
    return thinking if effort == "none" else {**thinking, "includeThoughts": True}
