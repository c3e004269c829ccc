"""Recordings that we answer otherwise than their expectation says, each with the reason why."""

from __future__ import annotations

KNOWN: dict[str, str] = {}
