"""Limits in words, with their units."""

from __future__ import annotations

from typing import Any

UNITS = {
    "requests_per_minute": "requests a minute",
    "tokens_per_minute": "tokens a minute",
    "max_concurrency": "at once",
}


def in_words(row: Any) -> str:
    """Of a key or a provider."""
    said = [f"{value:,} {unit}" for name, unit in UNITS.items() if (value := getattr(row, name)) is not None]
    return ", ".join(said) or "none"
