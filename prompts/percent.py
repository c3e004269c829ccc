"""How a number has changed, in percent and in words."""

from __future__ import annotations


def change(before: float | None, after: float | None) -> float | None:
    """As a share of what it was; None where there is nothing to compare."""
    return (after - before) / before if before and after is not None else None


def in_words(share: float | None, more: str, less: str) -> str:
    """9 % cheaper, say; nothing of what rounds to nothing."""
    percent = round(100 * (share or 0.0))
    return f"{abs(percent)} % {more if percent > 0 else less}" if percent else ""
