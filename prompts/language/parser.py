"""From tokens to a tree of ours: python-liquid reads tags and expressions, and what it has read is taken over
piece by piece. A piece without a counterpart here is not in the language."""

from __future__ import annotations
