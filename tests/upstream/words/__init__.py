"""Every word of the vocabulary: a module registers its own by being imported here."""

from __future__ import annotations

from tests.upstream.vocabulary import WORDS
from tests.upstream.words import anthropic, delivery, gemini, layout, openai, replies, said

__all__ = ["WORDS", "anthropic", "delivery", "gemini", "layout", "openai", "replies", "said"]
